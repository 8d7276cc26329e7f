"""What is inside the seal: gzip over lines of JSON. A manifest, then for each table its name and fields and one list a
row, the attachments as one more table, then how many rows each had. Nothing is held in memory but a row and the counts.
"""

import base64
import gzip
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import IO, Any, BinaryIO
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from django.apps import apps
from django.conf import settings
from django.db import connections, router
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model
from django.utils import timezone

from chatproject import VERSION
from chatproject.services.backup import media
from chatproject.services.backup.box import Opening, Sealing
from chatproject.services.backup.refusal import BackupRefused
from chatproject.services.backup.snapshot import one_moment

FORMAT = 2  # 1: without attachments
# Logins and codes that are good for minutes or hours: after a restore everybody logs in again.
LEFT_OUT = {"sessions.session", "accounts.accountsession", "accounts.mailcode", "accounts.setuplink"}
PROGRESS_ROWS = 10_000
FETCHED_ROWS = 100  # at a time; a row may hold 64 KiB

Tell = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the archive is of. `marks` tell secrets apart without telling them; `log` is the newest signed head."""

    format: int
    version: str
    made_at: str
    migrations: list[list[str]]
    marks: dict[str, list[str]]
    log: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Summary:
    manifest: Manifest
    rows: dict[str, int]


@dataclass(slots=True)
class Table:
    """The rows come while they are read, once; all of them must be taken before the next table."""

    name: str
    fields: list[str]
    rows: Iterator[list[Any]] = field(repr=False)


def write(target: BinaryIO, recipient: X25519PublicKey, tell: Tell) -> Summary:
    """All databases at one moment, into an open file."""
    sealed = Sealing(target, recipient)
    try:
        with gzip.GzipFile(fileobj=sealed, mode="wb", mtime=0) as packed, one_moment():
            summary = Summary(_manifest(), {})
            _put(packed, asdict(summary.manifest))
            for model in tables():
                summary.rows[model._meta.label_lower] = _put_table(packed, model, tell)
            summary.rows[media.NAME] = _put_rows(packed, media.NAME, media.FIELDS, media.rows(), tell)
            _put(packed, {"end": summary.rows})
    except BaseException:
        sealed.abandon()
        raise
    sealed.close()
    return summary


def verify(source: IO[bytes], key: X25519PrivateKey, tell: Tell) -> Summary:
    """Read all of it. BackupRefused when anything is missing or does not fit."""
    with opened(source, key) as (manifest, found):
        return Summary(manifest, {table.name: sum(1 for _ in counted(table, tell)) for table in found})


@contextmanager
def opened(source: IO[bytes], key: X25519PrivateKey) -> Iterator[tuple[Manifest, Iterator[Table]]]:
    """The manifest and the tables. Whoever takes all tables has seen the end, too, and that the counts fit."""
    try:
        with gzip.GzipFile(fileobj=io.BufferedReader(Opening(source, key), 1 << 17)) as packed:
            lines = _lines(packed)
            yield _read_manifest(next(lines)), _tables(lines)
    except (EOFError, gzip.BadGzipFile, StopIteration, ValueError, KeyError, TypeError) as error:
        raise BackupRefused("BAD_ARCHIVE", type(error).__name__) from error


def counted(table: Table, tell: Tell) -> Iterator[list[Any]]:
    number = 0
    for number, row in enumerate(table.rows, 1):
        if number % PROGRESS_ROWS == 0:
            tell(table.name, number)
        yield row
    tell(table.name, number)


def tables() -> list[type[Model]]:
    """Everything that is kept, tables between two others included."""
    models = apps.get_models(include_auto_created=True)
    return [model for model in models if model._meta.managed and model._meta.label_lower not in LEFT_OUT]


def marks() -> dict[str, list[str]]:
    keys = {"LOG_KEY_SEED": settings.LOG_KEY_SEEDS, "FIELD_KEYS": settings.FIELD_KEYS}
    return {name: [_mark(name, key) for key in values] for name, values in keys.items()}


def _mark(name: str, key: bytes) -> str:
    return hashlib.sha256(f"llave backup mark {name}:".encode() + key).hexdigest()[:16]


def _manifest() -> Manifest:
    done = sorted(list(each) for each in MigrationRecorder(connections["default"]).applied_migrations())
    return Manifest(FORMAT, VERSION, timezone.now().isoformat(timespec="seconds"), done, marks(), _log_head())


def _log_head() -> dict[str, Any]:
    head: Any = apps.get_model("keys", "LogHead")._base_manager.order_by("-pk").first()
    return {} if head is None else {"size": head.size, "root": bytes(head.root).hex(), "ts_ms": head.ts_ms}


def _put_table(packed: gzip.GzipFile, model: type[Model], tell: Tell) -> int:
    names = [each.attname for each in model._meta.concrete_fields]
    rows = model._base_manager.using(router.db_for_read(model)).order_by("pk").values_list(*names)
    return _put_rows(packed, model._meta.label_lower, names, rows.iterator(chunk_size=FETCHED_ROWS), tell)


def _put_rows(packed: gzip.GzipFile, table: str, names: list[str], rows: Iterable[Sequence[Any]], tell: Tell) -> int:
    _put(packed, {"table": table, "fields": names})
    number = 0
    for number, row in enumerate(rows, 1):
        _put(packed, [_plain(value) for value in row])
        if number % PROGRESS_ROWS == 0:
            tell(table, number)
    tell(table, number)
    return number


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    if isinstance(value, UUID):
        return value.hex
    return value.isoformat() if isinstance(value, datetime) else value


def _put(packed: gzip.GzipFile, line: Any) -> None:
    packed.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")


def _lines(packed: gzip.GzipFile) -> Iterator[Any]:
    for line in packed:
        yield json.loads(line)


def _read_manifest(line: dict[str, Any]) -> Manifest:
    if line["format"] not in range(1, FORMAT + 1):
        raise BackupRefused("NEWER")
    return Manifest(**line)


def _tables(lines: Iterator[Any]) -> Iterator[Table]:
    found: dict[str, int] = {}
    line = next(lines, None)
    while isinstance(line, dict) and "table" in line:
        reader = _Rows(lines)
        yield Table(line["table"], line["fields"], iter(reader))
        found[line["table"]] = reader.number
        line = reader.line_after
    if not isinstance(line, dict) or line.get("end") != found or next(lines, None) is not None:
        raise BackupRefused("BAD_ARCHIVE", "the counts do not fit")


class _Rows:
    """The rows up to the next line that is none."""

    def __init__(self, lines: Iterator[Any]) -> None:
        self._lines, self.number, self.line_after = lines, 0, None

    def __iter__(self) -> Iterator[list[Any]]:
        for line in self._lines:
            if not isinstance(line, list):
                self.line_after = line
                return
            self.number += 1
            yield line
