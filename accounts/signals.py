"""Doorbells for other apps, rung after the commit. No rule of accounts depends on anybody listening."""

from django.dispatch import Signal

sessions_ended = Signal()
"""Some or all web sessions of one person ended: keyword `uid`. Whoever holds an open connection asks `full_login`
again.
"""
