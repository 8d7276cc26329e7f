"""Any damage to the log's rows is found, and only damage."""

import os

import pytest
from django.core.management import call_command

from keys import audit, checkpoint, services, signer
from keys.curves import verify
from keys.models import Bundle, LogHead, LogLeaf, LogNode
from keys.tests.owners import Owner


def findings() -> list[str]:
    return list(audit.findings())


@pytest.fixture
def log(alice: Owner, bob: Owner) -> None:
    for owner in (alice, bob, alice, alice, bob):
        owner.publish()


@pytest.mark.parametrize("chunk", [1, 2, 5, 1000])
def test_a_whole_log_gives_no_finding(log: None, monkeypatch, chunk: int) -> None:
    monkeypatch.setattr(audit, "CHUNK_ROWS", chunk)
    assert findings() == []


def damage_leaf() -> None:
    leaf = LogLeaf.objects.get(index=2)
    LogLeaf.objects.filter(index=2).update(leaf=bytes(leaf.leaf)[:-1] + bytes([bytes(leaf.leaf)[-1] ^ 1]))


def swap_bundle() -> None:
    LogLeaf.objects.filter(index=4).update(bundle=None)


DAMAGE = {
    "a changed leaf": damage_leaf,
    "a missing leaf": lambda: LogLeaf.objects.filter(index=1).delete(),
    "a missing last leaf": lambda: LogLeaf.objects.filter(index=4).delete(),
    "another leaf hash": lambda: LogLeaf.objects.filter(index=0).update(leaf_hash=os.urandom(32)),
    "another block": lambda: LogNode.objects.filter(level=1, index=1).update(value=os.urandom(32)),
    "another bundle": lambda: Bundle.objects.filter(version=3).update(blob=b"x"),
    "another bundle hash": lambda: Bundle.objects.filter(version=3).update(bundle_hash=os.urandom(32)),
    "a leaf without its bundle": swap_bundle,
    "another root": lambda: LogHead.objects.filter(size=3).update(root=os.urandom(32)),
    "another signature": lambda: LogHead.objects.filter(size=3).update(sig=os.urandom(64)),
    "a head that shrank": lambda: LogHead.objects.filter(size=5).update(size=2),
    "no newest head": lambda: LogHead.objects.filter(size=5).delete(),
    "no head": lambda: LogHead.objects.all().delete(),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_found(log: None, what: str) -> None:
    DAMAGE[what]()
    assert findings()


MEANWHILE = {"a bundle": lambda owner: owner.publish(), "another log key": lambda owner: services.rotate_log_key()}


@pytest.mark.parametrize("what", MEANWHILE)
@pytest.mark.parametrize(("row_of", "number"), [("of_leaves", 1), ("of_leaves", 5), ("of_heads", 1), ("of_heads", 5)])
def test_what_the_server_writes_meanwhile_is_no_finding(
    log: None, alice: Owner, settings, monkeypatch, what: str, row_of: str, number: int
) -> None:
    settings.LOG_KEY_SEEDS = [os.urandom(32), *settings.LOG_KEY_SEEDS]
    monkeypatch.setattr(audit, "CHUNK_ROWS", 1)

    def goes_on(done: int) -> None:
        if done == number:
            MEANWHILE[what](alice)

    assert list(audit.findings(**{row_of: goes_on})) == []
    assert LogHead.objects.count() == 6
    assert findings() == []


@pytest.mark.parametrize("size", [3, 5])
def test_a_wrong_head_is_found_although_the_server_goes_on(log: None, alice: Owner, monkeypatch, size: int) -> None:
    monkeypatch.setattr(audit, "CHUNK_ROWS", 1)

    def goes_on(done: int) -> None:
        if done == 1:
            alice.publish()
            LogHead.objects.filter(size=size).update(root=os.urandom(32))

    found = [finding.partition(": ")[2] for finding in audit.findings(goes_on)]
    assert found == ["not signed with the log key", f"another root than the leaves give at size {size}"]


def test_the_command_ends_with_three_on_a_finding_and_with_nothing_else_without(log: None, capsys) -> None:
    call_command("keylog_verify")
    assert capsys.readouterr().err.splitlines()[-1] == "5 of 5 heads (100 %)"
    damage_leaf()
    with pytest.raises(SystemExit) as end:
        call_command("keylog_verify", "--quiet")
    assert end.value.code == 3
    assert "leaf 2" in capsys.readouterr().out


def test_a_checkpoint_is_a_signed_note_of_the_newest_head(log: None, settings) -> None:
    settings.SITE_URL = "https://chat.example"
    head = services.current_head()
    text, line = checkpoint.checkpoint(head).split("\n\n")
    name, size, root = text.split("\n")
    assert (name, size, checkpoint.base64.b64decode(root)) == ("chat.example/log", "5", bytes(head.root))
    dash, key_name, value = line.removesuffix("\n").split(" ")
    sig = checkpoint.base64.b64decode(value)
    assert (dash, key_name, sig[:4]) == ("\u2014", name, checkpoint.key_id(name, signer.public_key()))
    verify(pub=signer.public_key(), message=f"{text}\n".encode(), sig=sig[4:])


def test_the_key_id_is_that_of_a_published_checkpoint_key() -> None:
    """The Go checksum database's well-known verifier key: name+hash+base64(type || key)."""
    name, stated, encoded = ["sum.golang.org", "033de0ae", "Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"]
    key = checkpoint.base64.b64decode(encoded)
    assert key[:1] == checkpoint.ED25519
    assert checkpoint.key_id(name, key[1:]).hex() == stated
