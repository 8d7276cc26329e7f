"""Every byte of one object of each kind flipped, cut before, and the object extended: one named error, nothing else."""

from copy import deepcopy

import pytest

from reference import keyfile as keyfile_module
from reference import primitives
from reference.errors import CODES, ProtocolError
from reference.keyfile import parse_keyfile
from reference.primitives import sha256
from reference.vectors import judge as receiving
from reference.vectors.judge import JUDGES
from tests.vectors.contexts import CONTEXTS
from tests.vectors.mutations import SUBJECTS, mutations
from tests.vectors.world import Dice

RECEIVERS = (
    "accept_bundle",
    "accept_head",
    "accept_prekey",
    "receive_record",
    "open_message",
    "open_blob",
    "import_account",
)


def refusals(subject):
    """What the reference says to each damaged form, in their order.

    The passphrase is stretched once: changed salts and iterations are judged with the right m, which is harder.
    """
    given = subject.given()
    data = bytes.fromhex(given[subject.field])

    def judge(damaged):
        announced = {subject.announced: sha256(damaged).hex()} if subject.announced else {}
        JUDGES[subject.object]({**given, subject.field: damaged.hex(), **announced})

    judge(data)
    for damaged in mutations(data):
        with pytest.raises(ProtocolError) as caught:
            judge(damaged)
        yield caught.value.code


@pytest.fixture
def stretched_once(monkeypatch):
    kept = []

    def pbkdf2(*asked):
        if not kept:
            kept.append(primitives.pbkdf2(*asked))
        return kept[0]

    monkeypatch.setattr(keyfile_module, "pbkdf2", pbkdf2)


def watched(receive, calls):
    """The same, and all that it is given must be afterwards what it was, whatever it says; counted in `calls`."""

    def watch(*args, **kwargs):
        before = deepcopy((args, kwargs))
        calls.append(receive)
        try:
            return receive(*args, **kwargs)
        finally:
            assert (args, kwargs) == before

    return watch


@pytest.fixture
def calls(monkeypatch):
    """The receiving functions that the judges called, each of them watched."""
    made = []
    for name in RECEIVERS:
        monkeypatch.setattr(receiving, name, watched(getattr(receiving, name), made))
    return made


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_no_damaged_object_is_accepted_or_changes_what_was_known(subject, stretched_once, calls):
    codes = list(refusals(subject))
    assert len(codes) > 100
    assert set(codes) <= set(CODES)
    assert len(calls) == len(codes) + 1


def test_a_refusal_that_changes_what_was_known_is_seen():
    def receive(known):
        known[1] = b"new"
        raise ProtocolError("BAD_TAG")

    with pytest.raises(AssertionError):
        watched(receive, [])({})


@pytest.mark.parametrize("iterations", [0, 1, 599_999, 10_000_001, 2**32 - 1])
def test_a_refused_work_factor_is_seen_before_anything_is_derived(iterations, monkeypatch):
    data = bytearray.fromhex(CONTEXTS["keyfile"](Dice(11))["keyfile"])
    data[7:11] = iterations.to_bytes(4, "big")
    monkeypatch.setattr(keyfile_module, "pbkdf2", pytest.fail)
    with pytest.raises(ProtocolError, match="KEYFILE_KDF_REFUSED"):
        parse_keyfile(bytes(data))
