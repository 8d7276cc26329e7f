"""Is this installation as it should be? Each look asks the running parts themselves and says what to do about what it
finds. Nothing is changed.
"""

import asyncio
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.mail import get_connection
from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from chatproject.lib import jobs, readiness

MIN_FREE_BYTES = 512 * 1024 * 1024
MAX_SKEW_SECONDS = 5
MAX_JOB_AGE_SECONDS = 2 * 24 * 60 * 60
MAX_HEAD_AGE_SECONDS = 24 * 60 * 60
SPARE_CONNECTIONS = 5
# Of a session: as it would be had this program said nothing (`chatproject.lib.durable`).
SWITCHED_OFF = """SELECT name FROM pg_settings WHERE reset_val = 'off'
AND name IN ('fsync', 'full_page_writes', 'synchronous_commit') ORDER BY name"""
SQLITE_FULL, SQLITE_JOURNALS = 2, {"wal", "delete", "persist", "truncate"}


@dataclass(frozen=True, slots=True)
class Finding:
    """`serious`: the chat does not work, or not safely."""

    code: str
    says: str
    fix: str
    serious: bool = True


Look = Callable[[], Iterator[Finding]]


def settings_fit() -> Iterator[Finding]:
    for message in checks.run_checks(include_deployment_checks=True):
        if not message.is_silenced():
            fix = message.hint or "see docs/development.md, Settings"
            yield Finding(str(message.id), message.msg, fix, serious=message.is_serious())


def databases_answer() -> Iterator[Finding]:
    for alias in settings.DATABASES:
        try:
            yield from _database(alias)
        except DatabaseError as error:
            variable = "DATABASE_URL" if alias == "default" else "MESSAGES_DATABASE_URL"
            yield Finding(
                "DATABASE_GONE",
                f"The database {alias} does not answer ({type(error).__name__}).",
                f"look at {variable}",
            )


def _database(alias: str) -> Iterator[Finding]:
    connection = connections[alias]
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        yield Finding("NOT_MIGRATED", f"The database {alias} is older than the program.", "run: llave migrate")
    yield from commits_last(alias, connection)
    if connection.vendor == "postgresql":
        yield from _postgresql(alias)


def commits_last(alias: str, connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    """Whether what this database has confirmed is still there after a crash of its machine."""
    look = _switched_off if connection.vendor == "postgresql" else _weak_pragmas
    for what, fix in look(connection):
        says = f"The database {alias} may lose what it has confirmed: {what}."
        yield Finding("NOT_DURABLE", says, fix)


def _switched_off(connection: BaseDatabaseWrapper) -> Iterator[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(SWITCHED_OFF)
        for (name,) in cursor.fetchall():
            place = "postgresql.conf, ALTER SYSTEM or its command line"
            if name == "synchronous_commit":
                place = "postgresql.conf, ALTER SYSTEM, ALTER DATABASE, ALTER ROLE or the database's address"
            yield f"{name} is off", f"switch {name} on where it was switched off: {place}"


def _weak_pragmas(connection: BaseDatabaseWrapper) -> Iterator[tuple[str, str]]:
    with connection.cursor() as cursor:
        level = cursor.execute("PRAGMA synchronous").fetchone()[0]
        journal = cursor.execute("PRAGMA journal_mode").fetchone()[0]
    if level < SQLITE_FULL or journal not in SQLITE_JOURNALS:
        says = f"PRAGMA synchronous is {level}, journal_mode is {journal}"
        yield says, "leave both as chatproject/settings.py sets them, FULL and WAL, with the file on a local disk"


def _postgresql(alias: str) -> Iterator[Finding]:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp()), current_setting('max_connections')::int")
        clock, most = cursor.fetchone()
    if abs(float(clock) - time.time()) > MAX_SKEW_SECONDS:
        yield Finding("CLOCK", f"The clocks of this machine and of the database {alias} differ.", "run a time service")
    wanted = connections_of_a_process(alias)
    if wanted + SPARE_CONNECTIONS > most:
        says = f"One process may open {wanted} connections to the server of the database {alias}, which allows {most}."
        yield Finding("POOL", says, "lower DATABASE_POOL_MAX (it counts for each process)", serious=False)


def connections_of_a_process(alias: str) -> int:
    """At most, to the server of this database: the pool of each database there, and one that posts are sent through."""
    where = _server_of(alias)
    there = [name for name in settings.DATABASES if _server_of(name) == where]
    pools = sum(settings.DATABASES[name]["OPTIONS"]["pool"]["max_size"] for name in there)
    return int(pools + (settings.MESSAGES_ALIAS in there))


def _server_of(alias: str) -> tuple[str, ...]:
    database = settings.DATABASES[alias]
    return tuple(str(database.get(part) or "") for part in ("ENGINE", "HOST", "PORT"))


def counters_count() -> Iterator[Finding]:
    try:
        cache.set("check-setup", 1, 10)  # numbers are all that it keeps
        if cache.get("check-setup") == 1:
            return
        says = "The cache forgets what it is told."
    except Exception as error:  # every cache has errors of its own
        says = f"The cache does not answer ({type(error).__name__}): no limit on tries works."
    yield Finding("CACHE_GONE", says, "look at REDIS_URL and at Redis")


def bells_ring() -> Iterator[Finding]:
    for name, ask in readiness.helpful.items():
        if not asyncio.run(_within(ask)):
            says = f"A message to itself did not come back ({name}): messages take up to 25 s."
            yield Finding("BELLS_LOST", says, "look at REDIS_URL and at Redis")


async def _within(ask: readiness.Question) -> bool:
    return await ask()


def mail_leaves() -> Iterator[Finding]:
    if settings.EMAIL_BACKEND.startswith("chatproject."):
        fix = "set EMAIL_URL, or let nobody choose codes by mail"
        yield Finding("MAIL_STAYS", "Mails stay on this machine.", fix, serious=False)
        return
    try:
        with get_connection():
            pass
    except OSError as error:
        yield Finding("MAIL_REFUSED", f"The mail server does not answer ({type(error).__name__}).", "look at EMAIL_URL")


def files_are_private() -> Iterator[Finding]:
    folder = Path(settings.DATA_DIR)
    if not folder.is_dir():
        return
    if shutil.disk_usage(folder).free < MIN_FREE_BYTES:
        yield Finding("DISK_FULL", f"Less than 512 MiB are free in {folder}.", "make room", serious=False)
    for path in [folder, *sorted((folder / "secrets").glob("*"))]:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield Finding("NOT_PRIVATE", f"Others on this machine may read {path}.", f"run: chmod go= {path}")


def attachments_are_kept() -> Iterator[Finding]:
    """Written, read and taken away again, as a part of an attachment is."""
    storage, name = storages["blobs"], f".check-setup-{secrets.token_hex(8)}"
    try:
        storage.save(name, ContentFile(b"1"))
        with storage.open(name) as file:
            kept = file.read() == b"1"
        storage.delete(name)
    except Exception as error:  # every storage has errors of its own
        kept, says = False, f"Attachments cannot be kept ({type(error).__name__})."
    else:
        says = "What is kept of attachments is not what was given."
    if not kept:
        yield Finding("FILES_LOST", says, "look at MEDIA_ROOT or BLOBS_URL")


def backups_are_made() -> Iterator[Finding]:
    if not settings.BACKUP_PUBLIC_KEY:
        fix = "backup --make-key makes one (docs/operations.md, Back up)"
        yield Finding("NO_BACKUP_KEY", "BACKUP_PUBLIC_KEY is not set: no backup can be made.", fix, serious=False)


def jobs_run() -> Iterator[Finding]:
    if not settings.REDIS_URL:  # each process keeps such things to itself
        return
    try:
        done = {job: at for (job,), at in jobs.last_successes().items()}
    except Exception:  # `counters` has told it
        return
    for job in jobs.JOBS:
        if time.time() - done.get(job, 0) > MAX_JOB_AGE_SECONDS:
            last = _minute(done[job]) if job in done else "never"
            yield Finding(
                "JOB_LATE", f"{job} ended well last: {last}.", f"run it every day: llave manage {job}", serious=False
            )


def log_is_signed() -> Iterator[Finding]:
    """Whoever reads the log of keys has it signed anew, when the last head is older than half an hour."""
    leaves, heads = (apps.get_model("keys", name)._base_manager for name in ("LogLeaf", "LogHead"))
    try:
        signed = heads.order_by("-pk").values_list("ts_ms", flat=True).first()
        if not leaves.exists() or time.time() - (signed or 0) / 1000 <= MAX_HEAD_AGE_SECONDS:
            return
    except DatabaseError:  # `databases` has told it
        return
    last = _minute(signed / 1000) if signed else "never"
    fix = "run: llave manage keylog_sign; when it refuses: llave manage keylog_verify"
    yield Finding("LOG_NOT_SIGNED", f"The log of keys was signed last: {last}.", fix, serious=False)


def _minute(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="minutes")


LOOKS: dict[str, Look] = {
    "settings": settings_fit,
    "databases": databases_answer,
    "counters": counters_count,
    "bells": bells_ring,
    "mail": mail_leaves,
    "files": files_are_private,
    "attachments": attachments_are_kept,
    "backups": backups_are_made,
    "jobs": jobs_run,
    "log": log_is_signed,
}
