"""The archive of all databases: sealed, whole or not at all, and the same rows on the other side."""

import errno
import gzip
import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.utils import timezone

from chatproject.first_secrets import make_secrets
from chatproject.lib.together import AT_ONCE
from chatproject.management.commands import restore
from chatproject.services import backup
from chatproject.services.backup import archive, box, load, media
from chatproject.services.backup.box import CHUNK_BYTES, HEADER_BYTES, TAG_BYTES
from chatproject.services.setup import attachments_are_kept
from conversations import services
from conversations.attachments import bucket
from conversations.models import Conversation, Incarnation
from tests.bucket import RIGHTS, fake_bucket
from tests.sources import ROOT


def keys():
    private, public = backup.make_key()
    return backup.read_private_key(private), backup.read_public_key(public)


def sealed(data: bytes, public) -> bytes:
    target = io.BytesIO()
    writer = box.Sealing(target, public)
    for start in range(0, len(data), 7000):
        writer.write(data[start : start + 7000])
    writer.close()
    return target.getvalue()


def opened(data: bytes, private) -> bytes:
    return io.BufferedReader(box.Opening(io.BytesIO(data), private)).read()


def code_of(work, *arguments) -> str:
    with pytest.raises(backup.BackupRefused) as refused:
        work(*arguments)
    return refused.value.code


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_what_is_sealed_opens_again(size):
    private, public = keys()
    data = os.urandom(size)
    box_bytes = sealed(data, public)
    assert opened(box_bytes, private) == data
    assert len(box_bytes) == HEADER_BYTES + size + TAG_BYTES * max(1, -(-size // CHUNK_BYTES))


def test_nothing_readable_stands_in_it():
    assert b"plaintext" not in sealed(b"plaintext" * 100, keys()[1])


@pytest.mark.parametrize("place", [0, 20, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + CHUNK_BYTES + 20, -1])
def test_a_changed_byte_is_found(place):
    private, public = keys()
    data = bytearray(sealed(os.urandom(2 * CHUNK_BYTES + 5), public))
    data[place] ^= 1
    assert code_of(opened, bytes(data), private) in ("BAD_ARCHIVE", "WRONG_KEY", "CUT_SHORT")


@pytest.mark.parametrize("missing", [1, 5 + TAG_BYTES, 5 + TAG_BYTES + 1, 5 + 2 * TAG_BYTES + CHUNK_BYTES])
def test_a_missing_end_is_found(missing):
    private, public = keys()
    data = sealed(os.urandom(2 * CHUNK_BYTES + 5), public)
    assert code_of(opened, data[:-missing], private) == "CUT_SHORT"


def test_pieces_cannot_change_places():
    private, public = keys()
    data = sealed(os.urandom(3 * CHUNK_BYTES), public)
    head, body, piece = data[:HEADER_BYTES], data[HEADER_BYTES:], CHUNK_BYTES + TAG_BYTES
    assert code_of(opened, head + body[piece : 2 * piece] + body[:piece] + body[2 * piece :], private) == "BAD_ARCHIVE"


def test_another_key_opens_nothing():
    assert code_of(opened, sealed(b"x", keys()[1]), keys()[0]) == "WRONG_KEY"


def test_an_abandoned_archive_is_not_whole():
    private, public = keys()
    target = io.BytesIO()
    writer = box.Sealing(target, public)
    writer.write(bytes(CHUNK_BYTES * 2))
    writer.abandon()
    assert code_of(opened, target.getvalue(), private) == "CUT_SHORT"


@pytest.mark.parametrize(
    "text", ["", "llave-backup-private:", "llave-backup-public:AAAA", "age1x", "llave-backup-private:é"]
)
def test_what_is_no_key_is_refused(text):
    assert code_of(backup.read_private_key, text) == "BAD_KEY"


def lines(*objects: Any) -> tuple[bytes, Any]:
    private, public = keys()
    packed = gzip.compress(b"".join(json.dumps(each).encode() + b"\n" for each in objects))
    return sealed(packed, public), private


def manifest(**changes: Any) -> dict[str, Any]:
    return {**asdict(archive.Manifest(1, "0.1.0", "2026-01-01T00:00:00+00:00", [], {}, {})), **changes}


TABLE = {"table": "accounts.user", "fields": ["uid"]}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ([manifest(format=3)], "NEWER"),
        ([manifest(format=0)], "NEWER"),
        ([manifest()], "BAD_ARCHIVE"),
        ([manifest(), TABLE, ["x"], {"end": {"accounts.user": 2}}], "BAD_ARCHIVE"),
        ([manifest(), TABLE, ["x"], {"end": {}}], "BAD_ARCHIVE"),
        ([manifest(), {"end": {}}, ["more"]], "BAD_ARCHIVE"),
        ([manifest(odd=1), {"end": {}}], "BAD_ARCHIVE"),
        ([["no manifest"]], "BAD_ARCHIVE"),
        ([], "BAD_ARCHIVE"),
    ],
)
def test_an_archive_that_does_not_add_up_is_refused(content, code):
    data, private = lines(*content)
    assert code_of(backup.verify, io.BytesIO(data), private, lambda table, rows: None) == code


def test_an_archive_tells_what_is_in_it():
    data, private = lines(manifest(), TABLE, ["x"], ["y"], {"end": {"accounts.user": 2}})
    summary = backup.verify(io.BytesIO(data), private, lambda table, rows: None)
    assert summary.rows == {"accounts.user": 2}


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_an_archive_from_the_future_is_refused():
    data, private = lines(manifest(migrations=[["accounts", "9999_later"]]), {"end": {}})
    assert code_of(load.restore, io.BytesIO(data), private, lambda table, rows: None) == "NEWER"


def test_an_archive_of_another_log_is_refused():
    data, private = lines(manifest(marks={"LOG_KEY_SEED": ["0" * 16]}), {"end": {}})
    assert code_of(load.restore, io.BytesIO(data), private, lambda table, rows: None) == "OTHER_SECRETS"


def test_every_table_is_in_it_or_left_out_with_a_reason():
    from django.apps import apps

    kept = {model._meta.label_lower for model in archive.tables()}
    every = {model._meta.label_lower for model in apps.get_models(include_auto_created=True)}
    assert every - kept == archive.LEFT_OUT
    assert {"accounts.user", "keys.logleaf", "conversations.event", "conversations.cursor"} <= kept


@pytest.fixture(params=["files", "bucket"])
def attachments(request, tmp_path, settings, monkeypatch):
    """A storage of its own, of either kind."""
    options = {"location": str(tmp_path / "media")}
    backend = {"BACKEND": "conversations.attachments.parts.DurableFiles", "OPTIONS": options}
    with fake_bucket(page=2) as bucket:
        if request.param == "bucket":
            backend = bucket.storage
            for name, value in RIGHTS.items():
                monkeypatch.setenv(name, value)
        settings.STORAGES = {**settings.STORAGES, media.STORAGE: backend}
        yield storages[media.STORAGE]


def test_attachments_go_in_and_come_out(attachments):
    assert media.is_empty()
    given = [["ab/cd/0000", "AAEC"], ["ab/cd/0001", "/w=="], ["ab/ef/0000", ""], ["ba/ab/0000", "AA=="]]
    assert media.load(iter(given)) == 4
    assert not media.is_empty()
    with attachments.open("ab/cd/0000") as file:
        assert file.read() == b"\0\1\2"
    attachments.save("ab/cd/.0001.half", ContentFile(b"still being written"))
    assert list(media.rows()) == given


def test_many_attachments_stay_in_order(attachments):
    given = [[f"ab/cd/{number:04}", "AAEC"] for number in range(3 * AT_ONCE)]
    assert media.load(iter(given)) == len(given)
    assert list(media.rows()) == given


def test_an_attachment_that_went_meanwhile_is_left_out(attachments, monkeypatch):
    media.load(iter([["ab/cd/0000", "AAEC"]]))
    monkeypatch.setattr(attachments, "names", lambda: iter(["ab/cd/0000", "ab/cd/0001"]))
    assert list(media.rows()) == [["ab/cd/0000", "AAEC"]]


def test_attachments_that_cannot_be_written_leave_none(attachments):
    with pytest.raises(ValueError, match="base64"):
        media.load(iter([["ab/cd/0000", "AAEC"], ["ab/cd/0001", "not base64"]]))
    assert media.is_empty()


@pytest.mark.parametrize("attachments", ["files"], indirect=True)
def test_a_storage_that_keeps_nothing_is_found(attachments):
    assert list(attachments_are_kept()) == []
    assert media.is_empty()
    folder = Path(attachments.location)
    folder.rmdir()
    folder.write_bytes(b"a file where the folder should be")
    assert [found.code for found in attachments_are_kept()] == ["FILES_LOST"]


@pytest.mark.parametrize("attachments", ["bucket"], indirect=True)
def test_a_bucket_that_lets_nobody_in_is_found(attachments, monkeypatch):
    assert list(attachments_are_kept()) == []
    media.load(iter([["ab/cd/0000", "AAEC"]]))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody else")
    bucket._client_of.cache_clear()
    assert [found.code for found in attachments_are_kept()] == ["FILES_LOST"]
    for work in (media.is_empty, lambda: list(media.rows()), lambda: media.load(iter([["ab/cd/0001", "AAEC"]]))):
        assert code_of(work) == "BUCKET_GONE"


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_nothing_is_restored_beside_attachments_that_are_there(attachments):
    media.load(iter([["ab/cd/0000", "AAEC"]]))
    data, private = lines(manifest(), {"end": {}})
    assert code_of(load.restore, io.BytesIO(data), private, lambda table, rows: None) == "NOT_EMPTY"


@pytest.mark.django_db(databases="__all__", transaction=True)
@pytest.mark.parametrize("attachments", ["files"], indirect=True)
def test_messages_are_never_there_under_the_incarnation_of_the_archive(attachments, tmp_path, monkeypatch):
    then, (private, public) = services.incarnation(), backup.make_key()
    times = dict.fromkeys(("started_at", "updated_at"), timezone.now())
    Conversation.objects.create(uid_lo=UUID(int=1), uid_hi=UUID(int=2), started_by=UUID(int=1), **times)
    with (tmp_path / "archive").open("xb") as file:
        backup.write(file, backup.read_public_key(public), lambda table, rows: None)
    (tmp_path / "key").write_text(private)
    Conversation.objects.all().delete()

    def breaks_off(*words, **options):
        raise ConnectionError(words[0])

    monkeypatch.setattr(restore, "call_command", breaks_off)
    before = os.umask(0o077)
    try:
        with pytest.raises(ConnectionError, match="migrate"):
            call_command("restore", str(tmp_path / "archive"), key=str(tmp_path / "key"))
    finally:
        os.umask(before)
    assert Conversation.objects.count() == 1
    assert Incarnation.objects.get().value.hex != then


def command(folder: Path, *words: str, given: bytes = b"", **more: str) -> subprocess.CompletedProcess[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith("DATABASE_URL")}
    environment = {**kept, "DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "chatproject.settings", **more}
    return subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=environment, input=given, capture_output=True, check=False
    )


def test_the_key_is_made_for_its_owner_alone_and_never_twice(tmp_path):
    make_secrets(tmp_path)
    path = tmp_path / "backup.key"
    done = command(tmp_path, "backup", "--make-key", str(path))
    assert done.stdout.startswith(b"llave-backup-public:")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"llave-backup-private:")
    assert path.read_bytes().strip() not in done.stdout + done.stderr
    again = command(tmp_path, "backup", "--make-key", str(path))
    assert (again.returncode, b"EXISTS" in again.stderr) == (1, True)


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_file_system_without_hard_links_keeps_the_file_too(tmp_path, monkeypatch, number):
    monkeypatch.setattr(os, "link", fails_with(number))
    path = tmp_path / "backup.key"
    call_command("backup", str(path), make_key=True)
    assert backup.read_private_key(path.read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("has_links", [True, False])
def test_a_file_that_came_meanwhile_is_never_overwritten(tmp_path, monkeypatch, has_links):
    path, link = tmp_path / "backup.key", os.link if has_links else fails_with(errno.EPERM)

    def too_late(draft, name):
        path.write_text("of somebody else")
        link(draft, name)

    monkeypatch.setattr(os, "link", too_late)
    with pytest.raises(CommandError, match="EXISTS"):
        call_command("backup", str(path), make_key=True)
    assert path.read_text() == "of somebody else"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("lost", ["link", "replace"])
def test_a_disk_that_breaks_at_the_end_is_told_and_leaves_no_file(tmp_path, monkeypatch, lost):
    monkeypatch.setattr(os, "link", fails_with(errno.EIO if lost == "link" else errno.EPERM))
    monkeypatch.setattr(os, "replace", fails_with(errno.EIO))
    with pytest.raises(CommandError, match="CANNOT_WRITE"):
        call_command("backup", str(tmp_path / "backup.key"), make_key=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("number", "told"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_a_folder_that_cannot_be_flushed_is_told_unless_no_folder_can(tmp_path, monkeypatch, number, told):
    flush = os.fsync

    def flush_files_only(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(number, os.strerror(number))
        flush(handle)

    monkeypatch.setattr(os, "fsync", flush_files_only)
    path = tmp_path / "backup.key"
    with pytest.raises(CommandError, match="CANNOT_WRITE") if told else nullcontext():
        call_command("backup", str(path), make_key=True)
    assert backup.read_private_key(path.read_text())


def fails_with(number: int) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def test_without_a_key_there_is_no_backup(tmp_path):
    make_secrets(tmp_path)
    done = command(tmp_path, "backup", str(tmp_path / "x"))
    assert (done.returncode, b"NO_KEY" in done.stderr) == (1, True)
    assert not (tmp_path / "x").exists()


def test_a_backup_that_fails_leaves_no_file(tmp_path):
    make_secrets(tmp_path)
    done = command(tmp_path, "backup", str(tmp_path / "x"), BACKUP_PUBLIC_KEY=backup.make_key()[1])
    assert done.returncode == 1  # there are no tables
    assert list(tmp_path.glob("x*")) == []


@pytest.mark.parametrize("name", ["verify_backup", "restore"])
def test_the_key_may_come_from_standard_input_or_the_archive_but_not_both(tmp_path, name):
    make_secrets(tmp_path)
    (tmp_path / "archive").write_bytes(b"x" * 200)
    private, _ = backup.make_key()
    (tmp_path / "key").write_text(private)
    by_key = command(tmp_path, name, str(tmp_path / "archive"), "--key", "-", given=private.encode())
    by_file = command(tmp_path, name, "-", "--key", str(tmp_path / "key"), given=b"x" * 200)
    assert b"BAD_ARCHIVE" in by_key.stderr
    assert (by_key.returncode, by_key.stderr) == (by_file.returncode, by_file.stderr)
    no_key = command(tmp_path, name, str(tmp_path / "archive"), "--key", "-", given="clé".encode())
    assert b"BAD_KEY" in no_key.stderr
    both = command(tmp_path, name, "-", "--key", "-")
    assert (both.returncode, b"standard input" in both.stderr) == (2, True)
