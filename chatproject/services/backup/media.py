"""The ciphertext of attachments in the archive: every object of the storage `blobs`, as rows of one more table.

It is read after the databases, for it only grows but for what has expired: what a row of them names is there.
"""

import base64
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

STORAGE = "blobs"
NAME, FIELDS = "files", ["name", "bytes"]
DRAFT = "."  # how the name of a file begins that is still being written


def rows() -> Iterator[list[str]]:
    """Name and bytes (base64) of each; one that expired meanwhile is left out."""
    storage = storages[STORAGE]
    for name in _names(storage, ""):
        with suppress(FileNotFoundError), storage.open(name) as file:
            yield [name, base64.b64encode(file.read()).decode()]


def is_empty() -> bool:
    return next(_names(storages[STORAGE], ""), None) is None


def load(given: Iterator[list[str]]) -> int:
    """All of them, or none when one cannot be written."""
    storage, put = storages[STORAGE], []
    try:
        for name, data in given:
            put.append(name)
            storage.save(name, ContentFile(base64.b64decode(data, validate=True)))
    except BaseException:
        for name in put:
            storage.delete(name)
        raise
    return len(put)


def _names(storage: Storage, folder: str) -> Iterator[str]:
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}{name}" for name in sorted(files) if not name.startswith(DRAFT))
    yield from chain.from_iterable(_names(storage, f"{folder}{name}/") for name in sorted(folders))
