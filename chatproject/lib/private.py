"""What the server writes is for its own user alone."""

import os
from contextlib import suppress
from pathlib import Path

from django.conf import settings

OWNER_ONLY = 0o600


def keep_private() -> int:
    """New files are for the owner alone from here on, and so is a SQLite file already there. Returns the old umask."""
    before = os.umask(0o077)
    for database in settings.DATABASES.values():
        if database["ENGINE"].endswith("sqlite3"):
            for end in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError, PermissionError):
                    Path(f"{database['NAME']}{end}").chmod(OWNER_ONLY)
    return before
