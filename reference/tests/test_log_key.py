"""Another log key: what a client follows, and what it refuses (section 4)."""

import pytest

from reference.errors import ProtocolError
from reference.log import accept_head, bundle_leaf, key_leaf, make_head
from reference.merkle import root
from reference.primitives import ed25519_public, sha256, sign


def seed(text):
    return sha256(b"e2c test " + text.encode())


OLD, NEW, OTHER = (seed(text) for text in ("log", "log 2", "log 3"))
PUB = {key: ed25519_public(key) for key in (OLD, NEW, OTHER)}
BUNDLES = {  # section 15
    "alice": ("A", "b79099a9e3b352154530b5683e2a01665a2d665e502adea2116fa4f93cebc66d"),
    "bob": ("B", "e8e4c03bd3743af6f17f76fae30b001640bf472b8947eb6190e91402330f28ae"),
    "carol": ("C", seed("bundle C").hex()),
}
LEAVES = [bundle_leaf(name, seed(f"uid {who}")[:16], 1, bytes.fromhex(core)) for name, (who, core) in BUNDLES.items()]
CHANGE = key_leaf(LEAVES, old_seed=OLD, new_pub=PUB[NEW])
LATER = bundle_leaf("dave", bytes(16), 1, bytes(32))


def accept(leaves, *, by, pinned, own=0, pinned_size=None):
    head, sig = make_head(leaves, log_seed=by, log_pub=PUB[by], ts_ms=1)
    return accept_head(
        head, sig, log_pub=PUB[pinned], pinned_size=pinned_size, own_leaves=leaves[:own], new_leaves=leaves[own:],
        now_ms=1, my_name="nobody", my_bundle_hashes=(),
    )  # fmt: skip


def code(*given, **named):
    with pytest.raises(ProtocolError) as refused:
        accept(*given, **named)
    return refused.value.code


def test_the_bytes_of_section_15():
    assert root(LEAVES).hex() == "ffa0c12872cd4f633e67933b58d4ccfabe58a950d3408ecbed8b78ea437c21a4"
    assert sha256(CHANGE).hex() == "5b9e8659198828c91338fc97a4c4d7148f9c8e6468a509eafa9232a4283cb490"


@pytest.mark.parametrize("own", range(4))
def test_the_old_key_leads_to_the_new_one(own):
    assert accept([*LEAVES, CHANGE, LATER], by=NEW, pinned=OLD, own=own).log_pub == PUB[NEW]


def test_after_the_change_the_new_key_is_enough():
    assert accept([*LEAVES, CHANGE, LATER], by=NEW, pinned=NEW, own=4).log_pub == PUB[NEW]


def test_two_changes_at_once():
    leaves = [*LEAVES, CHANGE]
    leaves.append(key_leaf(leaves, old_seed=NEW, new_pub=PUB[OTHER]))
    assert accept(leaves, by=OTHER, pinned=OLD, own=2).log_pub == PUB[OTHER]


@pytest.mark.parametrize(("pinned", "at"), [(OLD, 0), (OLD, 3), (NEW, 4), (NEW, 5), (NEW, 99)])
def test_a_key_file_counts_at_the_size_of_its_log(pinned, at):
    assert accept([*LEAVES, CHANGE, LATER], by=NEW, pinned=pinned, pinned_size=at).log_pub == PUB[NEW]


@pytest.mark.parametrize(("pinned", "at"), [(NEW, 0), (NEW, 3), (OLD, 4), (OLD, 99), (OTHER, 0), (OTHER, 5)])
def test_a_key_that_was_not_in_force_then_is_refused(pinned, at):
    assert code([*LEAVES, CHANGE, LATER], by=NEW, pinned=pinned, pinned_size=at) == "LOG_BAD_HEAD"


def test_a_key_that_was_pinned_before_the_own_leaves_counts_at_their_end():
    leaves = [*LEAVES, CHANGE, LATER]
    assert accept(leaves, by=NEW, pinned=OLD, own=3, pinned_size=1).log_pub == PUB[NEW]
    assert code(leaves, by=NEW, pinned=OTHER, own=3, pinned_size=1) == "LOG_BAD_HEAD"


def test_the_old_key_signs_no_more():
    assert code([*LEAVES, CHANGE], by=OLD, pinned=OLD) == "LOG_BAD_HEAD"
    assert code([*LEAVES, CHANGE], by=OLD, pinned=NEW, own=4) == "LOG_BAD_HEAD"


def test_another_key_without_a_leaf_is_refused():
    assert code(LEAVES, by=NEW, pinned=OLD) == "LOG_BAD_HEAD"


def test_only_the_key_in_force_names_the_next():
    assert code([*LEAVES, key_leaf(LEAVES, old_seed=OTHER, new_pub=PUB[NEW])], by=NEW, pinned=OLD) == "LOG_BAD_HEAD"
    forged = CHANGE[:-64] + sign(NEW, CHANGE[:-64])
    assert code([*LEAVES, forged], by=NEW, pinned=OLD) == "LOG_BAD_HEAD"


@pytest.mark.parametrize("place", range(3))
def test_the_statement_fits_one_place_only(place):
    leaves = [*LEAVES[:place], CHANGE, *LEAVES[place:]]
    assert code(leaves, by=NEW, pinned=OLD) == "LOG_SPLIT_VIEW"


def test_the_statement_fits_one_history_only():
    assert code([LATER, *LEAVES[1:], CHANGE], by=NEW, pinned=OLD) == "LOG_SPLIT_VIEW"


def test_two_equal_keys_are_no_change():
    assert code([key_leaf([], old_seed=OLD, new_pub=PUB[OLD])], by=OLD, pinned=OLD) == "BAD_ENCODING"


def test_every_bit_of_the_leaf_counts():
    for at in range(len(CHANGE)):
        damaged = CHANGE[:at] + bytes([CHANGE[at] ^ 1]) + CHANGE[at + 1 :]
        assert code([*LEAVES, damaged], by=NEW, pinned=OLD) in {"BAD_ENCODING", "LOG_BAD_HEAD"}
