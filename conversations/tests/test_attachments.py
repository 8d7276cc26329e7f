"""Blobs go up and down in parts, belong to a post, and go when nothing names them. The bytes here mean nothing."""

import errno
import hashlib
import time
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.storage import storages
from django.test import Client
from django.utils import timezone

from chatproject.lib import bridge
from chatproject.lib.encoding import to_base64url
from conversations import retention, services
from conversations.attachments import parts, throttles
from conversations.models import Attachment, Event
from conversations.tests import blobs
from conversations.tests.outfit import Visitor, make_visitor, start_record
from tests.bucket import RIGHTS, fake_bucket

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
PART = parts.PART_BYTES
BYTES = bytes(range(256)) * (PART // 256) * 2 + b"the rest" * 20


@pytest.fixture(scope="module")
def bucket() -> Any:
    with fake_bucket() as made:
        yield made


@pytest.fixture(autouse=True, params=["files", "bucket"])
def storage(request: Any, bucket: Any, tmp_path: Any, settings: Any, monkeypatch: Any) -> Any:
    """One of its own for each test, of either kind."""
    files = "conversations.attachments.parts.DurableFiles"
    chosen = {"BACKEND": files, "OPTIONS": {"location": str(tmp_path / "media")}}
    if request.param == "bucket":
        bucket.objects.clear()
        for name, value in RIGHTS.items():
            monkeypatch.setenv(name, value)
        chosen = bucket.storage
    settings.STORAGES = {**settings.STORAGES, "blobs": chosen}
    return storages["blobs"]


@pytest.fixture
def alice() -> Visitor:
    return make_visitor("alice")


@pytest.fixture
def bob() -> Visitor:
    return make_visitor("bob")


@pytest.fixture
def cid(alice: Visitor, bob: Visitor) -> str:
    """A conversation at epoch 0."""
    opened = services.open_conversation(uid=alice.uid, other=bob.uid).cid
    blob = start_record(opened, alice, bob)
    services.post(uid=alice.uid, did=alice.did, cid=opened, client_id=uuid4(), kind="record", blob=blob)
    return opened.hex


def answer(response: Any) -> tuple[int, Any]:
    return response.status_code, response.json()


def below(cid: str, *more: Any) -> str:
    return "/".join(["/api/conversations", cid, "blobs", *map(str, more), ""])


def announce(person: Visitor, cid: str, blob: str, data: bytes = BYTES, **changes: Any) -> tuple[int, Any]:
    fields = {"blob": blob, "size": len(data), "hash": to_base64url(hashlib.sha256(data).digest()), **changes}
    return answer(person.client.post(below(cid), fields, content_type="application/json"))


def put(person: Visitor, cid: str, blob: str, number: int, data: bytes | None = None) -> tuple[int, Any]:
    piece = BYTES[number * PART : (number + 1) * PART] if data is None else data
    return answer(person.client.put(below(cid, blob, number), piece, content_type="application/octet-stream"))


def upload(person: Visitor, cid: str, data: bytes = BYTES) -> str:
    blob = uuid4().hex
    assert announce(person, cid, blob, data)[0] == 200
    for number in range(parts.count_of(len(data))):
        status, standing = put(person, cid, blob, number, data[number * PART : (number + 1) * PART])
        assert status == 200
    assert standing["whole"]
    return blob


def say(person: Visitor, cid: str, counter: int = 0, *, client_id: str = "", **more: Any) -> tuple[int, Any]:
    envelope = blobs.envelope(cid=UUID(cid), uid=person.uid, did=person.did, counter=counter)
    frame = {"f": "post", "cid": cid, "client_id": client_id or str(uuid4()), "kind": "message"}
    body = {**frame, "blob": to_base64url(envelope), **more}
    return answer(person.client.post(f"/api/conversations/{cid}/events/", body, content_type="application/json"))


def test_what_goes_up_in_parts_comes_down_for_both(alice: Visitor, bob: Visitor, cid: str) -> None:
    blob = upload(alice, cid)
    for person in (alice, bob):
        got = [person.client.get(below(cid, blob, number)) for number in range(3)]
        assert b"".join(each.content for each in got) == BYTES
        assert {each["Content-Type"] for each in got} == {"application/octet-stream"}


def test_a_blob_is_served_as_nobodys_page(alice: Visitor, cid: str) -> None:
    given = alice.client.get(below(cid, upload(alice, cid), 0))
    assert given["Content-Disposition"] == "attachment"
    assert given["X-Content-Type-Options"] == "nosniff"
    assert given["Cache-Control"] == "no-store"
    policy = (
        "default-src 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'; sandbox"
    )
    assert given["Content-Security-Policy"] == policy


@pytest.mark.parametrize("purpose", ["document", "iframe", "image", "object", "script"])
def test_no_tab_frame_or_image_is_given_a_blob(alice: Visitor, cid: str, purpose: str) -> None:
    blob = upload(alice, cid)
    assert alice.client.get(below(cid, blob, 0), headers={"sec-fetch-dest": purpose}).status_code == 404
    assert alice.client.get(below(cid, blob, 0), headers={"sec-fetch-dest": "empty"}).status_code == 200


def test_an_upload_goes_on_where_it_broke_off(alice: Visitor, cid: str) -> None:
    blob = uuid4().hex
    assert announce(alice, cid, blob) == (200, {"parts": 0, "whole": False})
    assert put(alice, cid, blob, 0)[1]["parts"] == 1
    assert announce(alice, cid, blob)[1]["parts"] == 1
    assert put(alice, cid, blob, 0)[1]["parts"] == 1
    assert put(alice, cid, blob, 2) == (409, {"error": "OUT_OF_TURN"})
    assert put(alice, cid, blob, 1)[1] == {"parts": 2, "whole": False}
    assert put(alice, cid, blob, 2)[1]["whole"]
    assert put(alice, cid, blob, 2)[1]["whole"]
    assert announce(alice, cid, blob)[1]["whole"]


def test_a_blob_that_is_not_whole_is_given_to_nobody(alice: Visitor, bob: Visitor, cid: str) -> None:
    blob = uuid4().hex
    announce(alice, cid, blob)
    put(alice, cid, blob, 0)
    assert bob.client.get(below(cid, blob, 0)).status_code == 404


def test_other_bytes_than_announced_are_never_whole(alice: Visitor, cid: str) -> None:
    blob = uuid4().hex
    announce(alice, cid, blob)
    put(alice, cid, blob, 0, bytes(PART))
    put(alice, cid, blob, 1)
    assert put(alice, cid, blob, 2) == (422, {"error": "FILE_HASH_MISMATCH"})
    assert announce(alice, cid, blob)[1] == {"parts": 0, "whole": False}
    for number in range(3):
        status = put(alice, cid, blob, number)[0]
    assert status == 200


def test_a_number_names_one_blob(alice: Visitor, bob: Visitor, cid: str) -> None:
    blob = upload(alice, cid)
    assert announce(alice, cid, blob, b"other" * 100)[0] == 422
    assert announce(bob, cid, blob) == (422, {"error": "IDEMPOTENCY_MISMATCH"})


@pytest.mark.parametrize("wrong", [b"", bytes(PART - 1)])
def test_a_part_has_its_length(alice: Visitor, cid: str, wrong: bytes) -> None:
    blob = uuid4().hex
    announce(alice, cid, blob)
    assert put(alice, cid, blob, 0, wrong) == (422, {"error": "BAD_ENCODING"})


def test_a_part_has_a_ceiling(alice: Visitor, cid: str) -> None:
    blob = uuid4().hex
    announce(alice, cid, blob)
    assert put(alice, cid, blob, 0, bytes(PART + 1)) == (413, {"error": "TOO_LARGE"})


@pytest.mark.parametrize("field", ["blob", "size", "hash"])
@pytest.mark.parametrize("value", ["x", -1, None, True, [], "0" * 33])
def test_it_refuses_an_odd_announcement(alice: Visitor, cid: str, field: str, value: Any) -> None:
    fields = {"blob": uuid4().hex, "size": 1000, "hash": to_base64url(bytes(32)), field: value}
    assert alice.client.post(below(cid), fields, content_type="application/json").status_code == 400


def test_a_stranger_finds_no_blob(alice: Visitor, cid: str) -> None:
    mallory, blob = make_visitor("mallory"), upload(alice, cid)
    assert announce(mallory, cid, uuid4().hex) == (404, {"error": "NOT_FOUND"})
    assert put(mallory, cid, blob, 0) == (404, {"error": "NOT_FOUND"})
    assert mallory.client.get(below(cid, blob, 0)).status_code == 404
    assert mallory.client.delete(below(cid, blob)).status_code == 404
    assert say(mallory, cid, blobs=[blob])[0] == 404
    assert alice.client.get(below(cid, uuid4().hex, 0)).status_code == 404
    assert alice.client.get(below(cid, blob, 3)).status_code == 404
    assert alice.client.get(below("x", blob, 0)).status_code == 404


def test_only_its_uploader_takes_a_blob_back(alice: Visitor, bob: Visitor, cid: str, storage: Any) -> None:
    blob = upload(alice, cid)
    assert bob.client.delete(below(cid, blob)).status_code == 404
    assert put(bob, cid, blob, 0)[0] == 404
    assert answer(alice.client.delete(below(cid, blob))) == (200, {})
    assert bob.client.get(below(cid, blob, 0)).status_code == 404
    assert list(storage.names()) == []


def test_nothing_goes_without_a_device_or_a_login(cid: str) -> None:
    carol = make_visitor("carol", bound=False)
    for client, status in ((carol.client, 403), (Client(), 401)):
        assert client.get(below(cid, uuid4().hex, 0)).status_code == status
        assert client.put(below(cid, uuid4().hex, 0), b"x").status_code == status
        assert client.delete(below(cid, uuid4().hex)).status_code == status


def test_a_file_has_a_ceiling(alice: Visitor, cid: str, settings: Any) -> None:
    settings.ATTACHMENT_MAX_BYTES = 1000
    assert announce(alice, cid, uuid4().hex, size=1001) == (413, {"error": "FILE_TOO_LARGE"})
    assert announce(alice, cid, uuid4().hex, size=1000)[0] == 200
    assert announce(alice, cid, uuid4().hex, size=2**32 + 1)[0] == 413
    assert announce(alice, cid, uuid4().hex, size=79)[0] == 422


def test_a_person_has_so_much_room(alice: Visitor, bob: Visitor, cid: str, settings: Any) -> None:
    settings.ATTACHMENTS_MAX_BYTES = 2000
    assert announce(alice, cid, uuid4().hex, size=1500)[0] == 200
    assert announce(alice, cid, uuid4().hex, size=501) == (507, {"error": "QUOTA_FULL"})
    assert announce(alice, cid, uuid4().hex, size=500)[0] == 200
    assert announce(bob, cid, uuid4().hex, size=1500)[0] == 200


def test_so_many_uploads_are_open_at_once(alice: Visitor, cid: str) -> None:
    for _ in range(throttles.OPEN_AT_ONCE):
        assert announce(alice, cid, uuid4().hex)[0] == 200
    status, refused = announce(alice, cid, uuid4().hex)
    assert (status, refused["error"]) == (429, "TOO_MANY")
    assert refused["retry_after"] > 0


@pytest.mark.parametrize("storage", ["files"], indirect=True)
def test_a_full_disk_is_told_and_loses_nothing(alice: Visitor, cid: str, monkeypatch: Any) -> None:
    def full(*_args: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    blob = uuid4().hex
    announce(alice, cid, blob)
    put(alice, cid, blob, 0)
    with monkeypatch.context() as patched:
        patched.setattr("conversations.attachments.parts.os.fsync", full)
        assert put(alice, cid, blob, 1) == (507, {"error": "SERVER_FULL"})
    assert announce(alice, cid, blob)[1]["parts"] == 1
    assert put(alice, cid, blob, 1)[0] == 200


def test_a_post_claims_its_blobs_or_is_refused(alice: Visitor, cid: str) -> None:
    blob = upload(alice, cid)
    status, refused = say(alice, cid, blobs=[uuid4().hex])
    assert (status, refused["code"]) == (409, "BLOB_MISSING")
    number = str(uuid4())
    status, accepted = say(alice, cid, client_id=number, blobs=[blob])
    assert (status, accepted["seq"]) == (200, 2)
    assert say(alice, cid, client_id=number, blobs=[blob])[1]["dup"]
    kept = Attachment.objects.get()
    assert (str(kept.event_client_id), kept.event_did) == (number, alice.did)
    assert say(alice, cid, 1, blobs=[blob])[1]["code"] == "IDEMPOTENCY_MISMATCH"


def test_nobody_claims_what_another_uploaded(alice: Visitor, bob: Visitor, cid: str) -> None:
    assert say(bob, cid, blobs=[upload(alice, cid)])[1]["code"] == "BLOB_MISSING"


def test_a_claim_whose_post_was_refused_is_made_anew(alice: Visitor, cid: str) -> None:
    blob = upload(alice, cid)
    assert say(alice, cid, 7, blobs=[blob])[1]["code"] == "COUNTER_TAKEN"
    assert say(alice, cid, 0, blobs=[blob])[0] == 200


@pytest.mark.parametrize("odd", [[], ["x"], "x", None, 1, [1], ["0" * 32] * 2, [f"{n:032x}" for n in range(11)]])
def test_it_refuses_an_odd_list_of_blobs(alice: Visitor, cid: str, odd: Any) -> None:
    assert say(alice, cid, blobs=odd)[0] == 400


def later(**how: int) -> Any:
    return retention.purge(timezone.now() + timedelta(**how), dry_run=False)["attachments"]


def test_a_blob_that_no_message_names_goes_after_a_day(alice: Visitor, cid: str, storage: Any) -> None:
    blob, claimed = upload(alice, cid), upload(alice, cid)
    unfinished = uuid4().hex
    announce(alice, cid, unfinished)
    say(alice, cid, blobs=[claimed])
    refused = upload(alice, cid)
    assert say(alice, cid, 9, blobs=[refused])[0] == 409
    assert later(hours=23) == 0
    assert later(hours=25) == 3
    assert [each.blob_id.hex for each in Attachment.objects.all()] == [claimed]
    assert alice.client.get(below(cid, blob, 0)).status_code == 404
    assert len(list(storage.names())) == 3
    assert later(days=4000) == 0


def test_a_blob_goes_with_its_emptied_message(alice: Visitor, cid: str, storage: Any) -> None:
    say(alice, cid, blobs=[upload(alice, cid)])
    assert later(hours=25) == 0
    Event.objects.filter(kind="message").update(blob=b"")
    assert later(hours=25) == 1
    assert not Attachment.objects.exists()
    assert list(storage.names()) == []


def test_a_purge_that_broke_off_is_taken_up(alice: Visitor, cid: str, monkeypatch: Any) -> None:
    blob = upload(alice, cid)

    def broken(*_args: Any) -> None:
        raise OSError("on purpose")

    with monkeypatch.context() as patched:
        patched.setattr("conversations.attachments.parts.remove", broken)
        with pytest.raises(OSError, match="on purpose"):
            later(hours=25)
    assert say(alice, cid, blobs=[blob])[1]["code"] == "BLOB_MISSING"
    assert later(hours=25) == 1


def test_a_part_is_replaced_as_a_whole(storage: Any) -> None:
    cid, blob = uuid4(), uuid4()
    for data in (b"first", b"second, longer"):
        parts.put(cid, blob, 0, data)
    assert parts.read(cid, blob, 0) == b"second, longer"
    assert list(storage.names()) == [f"{cid.hex[:2]}/{cid.hex}/{blob.hex}/0000"]


AGAIN = (503, {"error": "UNAVAILABLE", "retry_after": 2})


@pytest.mark.parametrize("storage", ["bucket"], indirect=True)
@pytest.mark.parametrize("refusal", [(503, "SlowDown"), (403, "AccessDenied"), (404, "NoSuchBucket")])
def test_a_bucket_that_refuses_is_asked_again_later(alice: Visitor, cid: str, bucket: Any, refusal: Any) -> None:
    blob = uuid4().hex
    announce(alice, cid, blob)
    put(alice, cid, blob, 0)
    with bucket.refusing(*refusal):
        assert put(alice, cid, blob, 1) == AGAIN
    assert announce(alice, cid, blob)[1] == {"parts": 1, "whole": False}
    assert put(alice, cid, blob, 1)[1]["parts"] == 2
    assert put(alice, cid, blob, 2)[1]["whole"]
    with bucket.refusing(*refusal):
        refused = alice.client.get(below(cid, blob, 0))
        assert (answer(refused), refused["Retry-After"]) == (AGAIN, "2")
    assert alice.client.get(below(cid, blob, 0)).content == BYTES[:PART]
    with bucket.refusing(*refusal):
        assert answer(alice.client.delete(below(cid, blob))) == AGAIN
    assert answer(alice.client.delete(below(cid, blob))) == (200, {})
    assert bucket.objects == {}


@pytest.mark.parametrize("storage", ["bucket"], indirect=True)
def test_a_blob_whose_parts_cannot_be_looked_at_is_not_whole_yet(
    alice: Visitor, cid: str, bucket: Any, monkeypatch: Any
) -> None:
    blob = uuid4().hex
    announce(alice, cid, blob)
    put(alice, cid, blob, 0)
    put(alice, cid, blob, 1)
    with monkeypatch.context() as patched, bucket.refusing(500, "InternalError"):
        patched.setattr(parts, "put", lambda *_args: None)
        assert put(alice, cid, blob, 2) == AGAIN
    parts.put(UUID(cid), UUID(blob), 2, BYTES[2 * PART :])
    assert put(alice, cid, blob, 2)[1] == {"parts": 3, "whole": True}


@pytest.mark.parametrize("storage", ["bucket"], indirect=True)
def test_a_bucket_that_stands_still_is_given_up_in_time(alice: Visitor, cid: str, bucket: Any) -> None:
    blob = uuid4().hex
    announce(alice, cid, blob)
    with bucket.stalled():
        began = time.monotonic()
        assert put(alice, cid, blob, 0) == AGAIN
        assert time.monotonic() - began < bridge.MOST_SECONDS
    assert put(alice, cid, blob, 0)[1]["parts"] == 1
