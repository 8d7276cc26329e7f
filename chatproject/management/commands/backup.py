"""`manage.py backup FILE`: all databases at one moment, sealed for the operator's key, while the server runs."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from chatproject.lib import jobs
from chatproject.lib.private import OWNER_ONLY
from chatproject.services import backup

# What file systems answer that have no hard links, and those that flush no folder or do not let it be read.
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
NO_FLUSH = (errno.EINVAL, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


class Command(BaseCommand):
    help = (
        "Writes all databases as of one moment into FILE, sealed for the key in BACKUP_PUBLIC_KEY, while the server "
        "goes on. --make-key makes that key: keep its private half away from the server."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="where to write; - for standard output. With --make-key: the private key")
        parser.add_argument("--make-key", action="store_true", help="make a key instead; prints its public half")
        parser.add_argument("--quiet", action="store_true", help="no progress")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["make_key"]:
                self._make_key(Path(options["file"]))
            else:
                self._back_up(options["file"], quiet=options["quiet"])
        except backup.BackupRefused as refused:
            raise CommandError(str(refused)) from None
        except FileExistsError:
            raise CommandError(f"EXISTS: {options['file']} is there already.") from None
        except OSError as error:
            raise CommandError(f"CANNOT_WRITE: {options['file']}: {error.strerror}.") from None

    def _make_key(self, path: Path) -> None:
        private, public = backup.make_key()
        with _new_file(path) as file:
            file.write(private.encode() + b"\n")
        self.stderr.write(f"The private key is in {path}: keep it offline, without it no backup can be read.")
        self.stdout.write(public)

    def _back_up(self, file: str, *, quiet: bool) -> None:
        if not settings.BACKUP_PUBLIC_KEY:
            raise CommandError("NO_KEY: set BACKUP_PUBLIC_KEY (backup --make-key makes one).")
        recipient = backup.read_public_key(settings.BACKUP_PUBLIC_KEY)
        tell = _say_nothing if quiet else self._tell
        if file == "-":
            summary = backup.write(sys.stdout.buffer, recipient, tell)
        else:
            with _new_file(Path(file)) as target:
                summary = backup.write(target, recipient, tell)
        jobs.succeeded("backup")
        self.stderr.write(f"{sum(summary.rows.values())} rows, log of keys at {summary.manifest.log.get('size', 0)}.")

    def _tell(self, table: str, rows: int) -> None:
        self.stderr.write(f"{table}: {rows}")


def _say_nothing(table: str, rows: int) -> None:
    return None


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """A file for the owner alone that is there under its name only when it is whole."""
    if path.exists():
        raise FileExistsError
    draft = path.with_name(f"{path.name}.part")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _give_name(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    _flush_folder(path.parent)


def _give_name(draft: Path, path: Path) -> None:
    """What is whole gets its name. FileExistsError when something else got it meanwhile, which stays as it is."""
    try:
        os.link(draft, path)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        _move_to_reserved(draft, path)


def _move_to_reserved(draft: Path, path: Path) -> None:
    """Without hard links: an empty file takes the name, and the draft its place."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY))
    try:
        draft.replace(path)
    except OSError:
        path.unlink()
        raise


def _flush_folder(folder: Path) -> None:
    """So that the name is there after a power cut, too; where that cannot be had, the archive is none the worse."""
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in NO_FLUSH:
            raise
