"""The ciphertext of attachments in the archive: every object of the storage `blobs`, as rows of one more table.

It is read after the databases, for it only grows but for what has expired: what a row of them names is there.
"""

import base64
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import storages

from chatproject.lib.together import in_order
from chatproject.services.backup.refusal import BackupRefused

STORAGE = "blobs"
NAME, FIELDS = "files", ["name", "bytes"]
DRAFT = "."  # how the name of a file begins that is still being written


def rows() -> Iterator[list[str]]:
    """Name and bytes (base64) of each; one that expired meanwhile is left out."""
    with _reached():
        yield from (row for row in in_order(_row, _names()) if row)


def is_empty() -> bool:
    with _reached():
        return next(_names(), None) is None


def load(given: Iterator[list[str]]) -> int:
    """All of them, or none when one cannot be written and the storage still takes the others back."""
    storage: Any = storages[STORAGE]
    put: list[str] = []

    def save(row: list[str]) -> None:
        name, data = row
        put.append(name)
        storage.save(name, ContentFile(base64.b64decode(data, validate=True)))

    with _reached():
        try:
            return sum(1 for _ in in_order(save, given))
        except BaseException:
            for name in put:
                with suppress(OSError):
                    storage.delete(name)
            raise


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except ConnectionError as error:
        raise BackupRefused("BUCKET_GONE", str(error)) from None


def _names() -> Iterator[str]:
    storage: Any = storages[STORAGE]
    return (name for name in storage.names() if not name.rpartition("/")[2].startswith(DRAFT))


def _row(name: str) -> list[str]:
    """Empty when it is gone."""
    try:
        with storages[STORAGE].open(name) as file:
            return [name, base64.b64encode(file.read()).decode()]
    except FileNotFoundError:
        return []
