"""Rung after the commit. No rule of keys depends on anybody listening."""

from django.dispatch import Signal

bundle_published = Signal()
"""A person's new bundle stands in the log: keywords `uid` (UUID) and `log_size`."""
