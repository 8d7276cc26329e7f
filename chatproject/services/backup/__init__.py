"""Backup and restore of all databases as one sealed archive (docs/operations.md, "The archive")."""

from chatproject.services.backup.archive import Manifest, Summary, verify, write
from chatproject.services.backup.box import make_key, read_private_key, read_public_key
from chatproject.services.backup.load import restore
from chatproject.services.backup.refusal import BackupRefused

__all__ = [
    "BackupRefused",
    "Manifest",
    "Summary",
    "make_key",
    "read_private_key",
    "read_public_key",
    "restore",
    "verify",
    "write",
]
