"""Where the bytes of blobs lie: one object for each part, in Django's storage `blobs`. The only place that touches it.

A part is never appended to: a storage of objects has no such thing, and a part that was cut off is simply put again.
"""

import os
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage, storages

from chatproject.lib.together import in_order

ALIAS = "blobs"
PART_BYTES = 512 * 1024  # what a proxy in front takes by default, and what one request may hold in memory


class Parts(Storage, ABC):
    """What is kept, whole, when `save` returns; what was there under the name is replaced. Nothing has an address."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    @abstractmethod
    def names(self) -> Iterator[str]:
        """Of everything that is there."""


class DurableFiles(Parts, FileSystemStorage):
    """Files that are flushed to the disk under another name first."""

    def names(self) -> Iterator[str]:
        root = Path(self.location)
        for folder, folders, files in os.walk(root):
            folders.sort()
            yield from (str(Path(folder, name).relative_to(root)) for name in sorted(files))

    def _save(self, name: str, content: Any) -> str:
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            with draft.open("xb") as file:
                file.writelines(content.chunks())
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(path.parent)
        return name


def count_of(size: int) -> int:
    """How many parts a blob of `size` bytes has."""
    return -(-size // PART_BYTES)


def length_of(size: int, number: int) -> int:
    """The bytes of part `number`; the last one is what is left."""
    return min(PART_BYTES, size - number * PART_BYTES)


def put(cid: UUID, blob: UUID, number: int, data: bytes) -> None:
    """OSError when there is no room, or no answer; then nothing stands under its name that was not there before."""
    storages[ALIAS].save(_name(cid, blob, number), ContentFile(data))


def read(cid: UUID, blob: UUID, number: int) -> bytes:
    """FileNotFoundError when it is gone."""
    with storages[ALIAS].open(_name(cid, blob, number)) as file:
        return bytes(file.read())


def read_all(cid: UUID, blob: UUID, count: int) -> Iterator[bytes]:
    """The first `count` parts. FileNotFoundError when one is gone."""
    return in_order(lambda number: read(cid, blob, number), range(count))


def remove(cid: UUID, blob: UUID, count: int) -> None:
    for _ in in_order(lambda number: storages[ALIAS].delete(_name(cid, blob, number)), range(count)):
        pass
    with suppress(OSError):  # a folder that is not empty, or a storage without folders
        storages[ALIAS].delete(_folder(cid, blob))


def _name(cid: UUID, blob: UUID, number: int) -> str:
    return f"{_folder(cid, blob)}/{number:04}"


def _folder(cid: UUID, blob: UUID) -> str:
    return f"{cid.hex[:2]}/{cid.hex}/{blob.hex}"


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
