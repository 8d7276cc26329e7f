"""Another log key: announced by the old one in the log, signed with everywhere from then on, found when it is a lie."""

import os
from contextlib import nullcontext
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command

from keys import audit, checks, formats, log, services, signer
from keys.errors import Refused
from keys.keychain import KeyChain
from keys.models import KeyChange, LogHead, LogLeaf
from keys.signer import SignerRefused
from keys.tests.owners import Owner

pytestmark = pytest.mark.django_db


def pub(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def findings() -> list[str]:
    return list(audit.findings())


@pytest.fixture
def seeds(settings) -> tuple[bytes, bytes]:
    """The old one, which is in force, and the new one; both are in the setting."""
    old, new = settings.LOG_KEY_SEEDS[0], os.urandom(32)
    settings.LOG_KEY_SEEDS = [new, old]
    return old, new


@pytest.fixture
def rotated(alice: Owner, seeds, settings) -> tuple[bytes, bytes]:
    alice.publish()
    services.rotate_log_key()
    settings.LOG_KEY_SEEDS = [seeds[1]]
    return seeds


def errors() -> list[str]:
    return [error.id for error in checks.log_key_is_the_one_that_signed(None, databases=["default"])]


def test_a_new_key_in_front_changes_nothing_by_itself(alice: Owner, seeds) -> None:
    alice.publish()
    assert (signer.public_key(), KeyChange.objects.count(), errors()) == (pub(seeds[0]), 0, [])


def test_the_old_key_signs_its_successor_over_the_leaves_before_it(rotated) -> None:
    leaves = [bytes(leaf.leaf) for leaf in LogLeaf.objects.order_by("index")]
    leaf = formats.parse_leaf(leaves[1])
    assert isinstance(leaf, formats.KeyLeaf)
    formats.check_key_leaf(leaf)
    assert (leaf.old_pub, leaf.new_pub) == (pub(rotated[0]), pub(rotated[1]))
    assert (leaf.size, leaf.root) == (1, log.root_of_leaves(leaves[:1]))


def test_the_log_goes_on_under_the_new_key_alone(rotated, alice: Owner) -> None:
    alice.publish()
    page = services.log_page(start=0)
    assert (page.size, page.log_pub) == (3, pub(rotated[1]))
    formats.check_head(formats.parse_head(page.head), sig=page.sig, log_pub=pub(rotated[1]))
    assert (findings(), errors()) == ([], [])


def test_earlier_heads_stay_those_of_the_old_key(rotated) -> None:
    first = LogHead.objects.earliest("pk")
    formats.check_head(signer.as_head(first), sig=bytes(first.sig), log_pub=pub(rotated[0]))


def test_twice_is_possible_and_back_is_not(rotated, settings, alice: Owner) -> None:
    third = os.urandom(32)
    settings.LOG_KEY_SEEDS = [third, rotated[1]]
    services.rotate_log_key()
    assert (signer.public_key(), findings()) == (pub(third), [])
    settings.LOG_KEY_SEEDS = [rotated[0], third]
    with pytest.raises(SignerRefused, match="before"):
        services.rotate_log_key()


def test_the_same_key_is_no_rotation(alice: Owner) -> None:
    alice.publish()
    with pytest.raises(SignerRefused, match="already"):
        services.rotate_log_key()


def test_without_the_old_key_nothing_is_signed(alice: Owner, seeds, settings) -> None:
    alice.publish()
    settings.LOG_KEY_SEEDS = [seeds[1]]
    with pytest.raises(SignerRefused):
        services.rotate_log_key()
    assert (errors(), KeyChange.objects.count()) == (["keys.E002"], 0)


def test_a_server_that_lacks_the_key_in_force_does_not_start(rotated, settings) -> None:
    settings.LOG_KEY_SEEDS = [rotated[0]]
    assert errors() == ["keys.E002"]
    with pytest.raises(SignerRefused, match="not in LOG_KEY_SEED"):
        signer.signed_head(2)


def test_a_damaged_log_is_not_vouched_for(alice: Owner, seeds) -> None:
    alice.publish()
    LogHead.objects.update(root=os.urandom(32))
    for attempt in (services.planned_rotation, services.rotate_log_key):
        with pytest.raises(SignerRefused):
            attempt()


def _other_leaf(**odd: object) -> None:
    row = LogLeaf.objects.get(index=1)
    leaf = formats.parse_leaf(bytes(row.leaf))
    assert isinstance(leaf, formats.KeyLeaf)
    LogLeaf.objects.filter(pk=row.pk).update(leaf=replace(leaf, **odd).encode())  # type: ignore[arg-type]


DAMAGE = {
    "no row of the change": lambda: KeyChange.objects.all().delete(),
    "another new key in the row": lambda: KeyChange.objects.update(new_pub=os.urandom(32)),
    "another signature": lambda: _other_leaf(sig=os.urandom(64)),
    "another place": lambda: _other_leaf(size=0),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_the_audit_finds(rotated, what: str) -> None:
    DAMAGE[what]()
    assert findings()


def test_a_chain_of_keys_goes_on_by_the_old_keys_signature_only(seeds) -> None:
    unsigned = formats.KeyLeaf(pub(seeds[0]), pub(seeds[1]), 0, log.EMPTY_ROOT, b"")
    chain = KeyChain()
    for seed, believed in ((seeds[1], False), (seeds[0], True)):
        sig = Ed25519PrivateKey.from_private_bytes(seed).sign(unsigned.signed())
        with nullcontext() if believed else pytest.raises(Refused, match="LOG_BAD_HEAD"):
            chain.add(replace(unsigned, sig=sig), index=0, root=log.EMPTY_ROOT)
    assert chain.in_force(1, b"") == pub(seeds[1])


def test_the_audit_refuses_a_statement_that_fits_another_tree(rotated) -> None:
    signed = formats.KeyLeaf(pub(rotated[0]), pub(rotated[1]), 1, os.urandom(32), b"")
    sig = Ed25519PrivateKey.from_private_bytes(rotated[0]).sign(signed.signed())
    _other_leaf(root=signed.root, sig=sig)
    assert "leaf 1: LOG_SPLIT_VIEW" in findings()


def test_the_command_tells_first_and_does_then(alice: Owner, seeds, capsys) -> None:
    alice.publish()
    call_command("keylog_rotate", "--dry-run")
    assert "would sign from leaf 1" in capsys.readouterr().out
    assert services.log_size() == 1
    call_command("keylog_rotate")
    assert "signs from leaf 1" in capsys.readouterr().out
    with pytest.raises(CommandError, match="already"):
        call_command("keylog_rotate")
    call_command("keylog_verify", "--quiet")
