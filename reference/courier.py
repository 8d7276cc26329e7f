"""Blobs over HTTP, part by part (section 14): what broke off goes on where it was. Blocking; use it from a thread."""

from dataclasses import dataclass, field
from typing import Any

from reference.attachment import MAX_BLOB_BYTES, blob_length, make_blob, open_blob
from reference.encoding import b64, unb64
from reference.errors import require
from reference.filename import clean_file_name
from reference.primitives import random_bytes, sha256
from reference.web import HttpRefused, Web

PART_BYTES = 524288
BLOB_DIGITS = 32
OCTETS = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A blob, and the fields of the content that names it."""

    blob: bytes = field(repr=False)
    content: dict[str, Any] = field(repr=False)


def seal_file(name: str, data: bytes, *, mime: str = OCTETS) -> Sealed:
    """Under a fresh key. FILE_TOO_LARGE."""
    fk = random_bytes(32)
    blob = make_blob(data, fk=fk, fsalt=random_bytes(32))
    content = {
        "t": "file",
        "blob": random_bytes(16).hex(),
        "fk": b64(fk),
        "size": len(data),
        "hash": b64(sha256(blob)),
        "name": clean_file_name(name),
        "mime": mime,
    }
    return Sealed(blob, content)


def upload(web: Web, cid: bytes, sealed: Sealed) -> None:
    """Until the server has all of it. HttpRefused."""
    folder, content = _folder(cid), sealed.content
    standing = web.post(folder, blob=content["blob"], size=len(sealed.blob), hash=content["hash"])
    while not standing["whole"]:
        at = int(standing["parts"])
        require(at * PART_BYTES < len(sealed.blob), "BAD_ENCODING")
        part = sealed.blob[at * PART_BYTES : (at + 1) * PART_BYTES]
        standing = web.put(f"{folder}{content['blob']}/{at}/", part)
        require(standing["whole"] or standing["parts"] > at, "BAD_ENCODING")


def download(web: Web, cid: bytes, content: dict[str, Any]) -> bytes:
    """The file that a content names, checked as a whole. Section 9's errors; FILE_GONE is HttpRefused 404."""
    require(blob_length(content["size"]) <= MAX_BLOB_BYTES, "FILE_TOO_LARGE")
    blob_id = content["blob"]
    if len(blob_id) != BLOB_DIGITS or set(blob_id) - set("0123456789abcdef"):
        raise HttpRefused(404, "NOT_FOUND")
    parts = -(-blob_length(content["size"]) // PART_BYTES)
    pieces = [web.fetch(f"{_folder(cid)}{blob_id}/{number}/", most=PART_BYTES)[0] for number in range(parts)]
    return open_blob(b"".join(pieces), fk=unb64(content["fk"]), size=content["size"], blob_hash=unb64(content["hash"]))


def _folder(cid: bytes) -> str:
    return f"/api/conversations/{cid.hex()}/blobs/"
