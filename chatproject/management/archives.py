"""An archive and the private key that opens it, as commands are given them: files, or one of them standard input."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.core.management.base import CommandError

from chatproject.services import backup

STANDARD_INPUT = "-"
WRONG_USAGE = 2


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", help="the archive; - for standard input")
    parser.add_argument("--key", required=True, help="the file with the private key; - for standard input")


@contextmanager
def given(options: dict[str, Any], *, returncode: int = 1) -> Iterator[tuple[IO[bytes], X25519PrivateKey]]:
    """The open archive and its key. CommandError for what cannot be read, and for what is refused inside (with
    `returncode`).
    """
    file, key = options["file"], options["key"]
    if file == key == STANDARD_INPUT:
        raise CommandError("Only one of the two can come from standard input.", returncode=WRONG_USAGE)
    try:
        text = sys.stdin.buffer.read() if key == STANDARD_INPUT else Path(key).read_bytes()
        private = backup.read_private_key(text.decode("ascii", "replace"))
        if file == STANDARD_INPUT:
            yield sys.stdin.buffer, private
        else:
            with Path(file).open("rb") as source:
                yield source, private
    except OSError as error:
        raise CommandError(f"CANNOT_READ: {error.filename}: {error.strerror}.") from None
    except backup.BackupRefused as refused:
        raise CommandError(str(refused), returncode=returncode) from None
