"""The releases of the page's program in the log, and what anybody may see of it without a login."""

import base64

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from chatproject.importmap import import_map
from chatproject.lib.encoding import from_base64url
from keys import audit, formats, log, services, signer
from keys.models import LogLeaf
from keys.tests.owners import Owner

pytestmark = pytest.mark.django_db
FIRST, SECOND = "11" * 32, "22" * 32


def release(manifest_hash: str) -> None:
    call_command("keylog_assets", manifest_hash, verbosity=0)


def test_a_release_is_logged_once_under_a_head_of_its_own(alice: Owner) -> None:
    alice.publish()
    for manifest_hash in (FIRST, FIRST, SECOND, FIRST):
        release(manifest_hash)
    leaves = [formats.parse_leaf(bytes(row.leaf)) for row in LogLeaf.objects.order_by("index")]
    assert leaves[1:] == [formats.AssetLeaf(h[:16].encode(), bytes.fromhex(h)) for h in (FIRST, SECOND)]
    assert services.log_size() == 3
    alice.publish()
    assert list(audit.findings()) == []


@pytest.mark.parametrize("given", ["", "11", "zz" * 32, "AA" * 32, "11" * 33])
def test_what_is_no_hash_is_not_logged(given: str) -> None:
    with pytest.raises(CommandError):
        release(given)
    assert not LogLeaf.objects.exists()


def test_what_the_policy_allows_is_what_the_log_gets() -> None:
    assert bytes.fromhex(import_map().manifest_hash) == base64.b64decode(import_map().csp_hash)


def test_anybody_sees_hashes_that_give_the_signed_root_and_no_leaf(alice: Owner) -> None:
    alice.publish()
    release(FIRST)
    answer = Client().get("/log/hashes").json()
    hashes = [from_base64url(text) for text in answer["hashes"]]
    head = services.current_head()
    assert answer["size"] == len(hashes) == head.size == 2
    assert log.root(((0, index), value) for index, value in enumerate(hashes)) == bytes(head.root)
    leaf = bytes(LogLeaf.objects.get(index=0).leaf)
    assert log.leaf_hash(leaf) == hashes[0] != leaf
    assert Client().get("/log/hashes?from=1").json()["hashes"] == answer["hashes"][1:]
    assert Client().get("/log/hashes?from=2").json()["hashes"] == []
    assert Client().get("/log/hashes?from=-1").status_code == 400
    assert Client().get("/api/keys/log/").status_code == 401


def test_the_key_line_holds_the_log_key() -> None:
    name, key_id, encoded = Client().get("/log/key").content.decode().strip().split("+", 2)
    assert base64.b64decode(encoded) == b"\x01" + signer.public_key()
    assert len(key_id) == 8
    assert name.endswith("/log")
