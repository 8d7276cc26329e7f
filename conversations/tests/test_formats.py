"""What the server reads of a blob, and every border of it."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.formats import RECORD_MAX_BYTES, parse_envelope, parse_record, transcript_hash
from conversations.refusals import Refusal
from conversations.tests import blobs

CID, LO, HI, DID, OTHER = (UUID(int=number) for number in (7, 1, 2, 3, 4))


def code(parse: Callable[[bytes], Any], blob: bytes) -> str:
    try:
        parse(blob)
    except Refusal as refusal:
        return refusal.code
    return "taken"


def envelope(**changes: Any) -> bytes:
    return blobs.envelope(**{"cid": CID, "uid": LO, "did": DID, **changes})


def core(**changes: Any) -> bytes:
    given_ = {"cid": CID, "lo": LO, "hi": HI, "sender": (LO, DID), "members": [(LO, DID, 0, 0), (HI, OTHER, 1, 0)]}
    return blobs.core(**{**given_, "versions": {LO: (1, bytes(32)), HI: (1, bytes(32))}, **changes})


def record(**changes: Any) -> bytes:
    return blobs.record(core(**changes))


def test_it_reads_the_header_of_an_envelope() -> None:
    header = parse_envelope(envelope(epoch=5, counter=9))
    assert (header.cid, header.uid, header.did, header.epoch, header.counter) == (CID, LO, DID, 5, 9)


@pytest.mark.parametrize(
    ("length", "said"),
    [(0, "BAD_ENCODING"), (402, "BAD_ENCODING"), (403, "taken"), (67731, "taken"), (67732, "TOO_LARGE")],
)
def test_it_holds_the_borders_of_an_envelopes_length(length: int, said: str) -> None:
    assert code(parse_envelope, envelope(length=67732)[:length] if length else b"") == said


@pytest.mark.parametrize(("counter", "said"), [((1 << 20) - 1, "taken"), (1 << 20, "BAD_ENCODING")])
def test_it_holds_the_border_of_a_counter(counter: int, said: str) -> None:
    assert code(parse_envelope, envelope(counter=counter)) == said


@pytest.mark.parametrize("odd", [{"version": 0}, {"version": 2}, {"suite": 2}, {"kind": 0}, {"kind": 2}])
def test_it_refuses_another_kind_of_envelope(odd: dict[str, int]) -> None:
    assert code(parse_envelope, envelope(**odd)) == "BAD_ENCODING"


def test_it_computes_the_transcript_hash_of_the_protocol() -> None:
    found = transcript_hash(
        th_prev=bytes(32),
        core_hash=bytes.fromhex("73c7bfa5fb2b6a7bcd74fb18aaa7192bc4347412a01f09b607764d3d3939316d"),
        wraps_hash=bytes.fromhex("7dfb28f52a8236a868aadc14609af1f414e2cb80f80b56c6f62da1c503f67619"),
    )
    assert found.hex() == "52e8f176c847cafd4c82994d595ffc6f498670bb2656579aba9992ca07bff8c6"


def test_it_reads_the_header_of_a_record() -> None:
    header = parse_record(record(epoch=3, kind=blobs.RESTART))
    assert (header.cid, header.epoch, header.kind, header.uid, header.did) == (CID, 3, blobs.RESTART, LO, DID)
    assert [reference.uid for reference in header.references] == [LO, HI]


BAD_CORES = [
    {"suite": 0},
    {"suite": 2},
    {"lo": HI, "hi": LO},
    {"epoch": 1},
    {"kind": blobs.NEXT},
    {"kind": 3, "epoch": 1},
    {"mode": 2},
    {"mode": 1},
    {"timer": 1},
    {"th_prev": b"\1" * 32},
    {"sender": (UUID(int=9), DID)},
    {"sender": (LO, UUID(int=9))},
    {"members": []},
    {"members": [(LO, DID, 0, 0)]},
    {"members": [(HI, OTHER, 1, 0), (LO, DID, 0, 0)]},
    {"members": [(LO, DID, 0, 0), (LO, DID, 0, 0)]},
    {"members": [(LO, DID, 1, 0), (HI, OTHER, 1, 0)]},
    {"members": [(LO, DID, 0, 1), (HI, OTHER, 1, 0)]},
    {"members": [(LO, DID, 0, 0), (HI, OTHER, 0, 0)]},
    {"members": [(LO, DID, 0, 0), (HI, OTHER, 1, 0), (UUID(int=9), OTHER, 1, 0)]},
    {"members": [(LO, DID, 0, 0), (HI, OTHER, 0, 1)], "kind": blobs.NEXT, "epoch": 1},
    {"finals": [(DID, 1)]},
    {"finals": [(DID, 0)], "kind": blobs.NEXT, "epoch": 1},
    {"finals": [(OTHER, 1), (DID, 1)], "kind": blobs.NEXT, "epoch": 1},
    {"finals": [(DID, 1), (DID, 1)], "kind": blobs.NEXT, "epoch": 1},
    {"finals": [(UUID(int=n + 1), 1) for n in range(17)], "kind": blobs.NEXT, "epoch": 1},
]


@pytest.mark.parametrize("changes", BAD_CORES)
def test_it_refuses_a_core_that_contradicts_itself(changes: dict[str, Any]) -> None:
    members = changes.get("members", [1, 1])
    assert (
        code(parse_record, blobs.record(core(**changes), members=max(1, len(members)), mode=changes.get("mode", 0)))
        == "BAD_ENCODING"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {
            "kind": blobs.NEXT,
            "epoch": 1,
            "members": [(LO, DID, 0, 0), (HI, OTHER, 0, 0)],
            "finals": [(DID, 1), (OTHER, 2)],
        },
        {"kind": blobs.NEXT, "epoch": 1, "members": [(LO, DID, 0, 0), (HI, OTHER, 1, 1)]},
        {"kind": blobs.NEXT, "epoch": 1, "finals": [(UUID(int=n + 1), 1) for n in range(16)]},
        {"members": [(LO, DID, 0, 0), (HI, OTHER, 1, 7)]},
    ],
)
def test_it_takes_what_the_protocol_allows(changes: dict[str, Any]) -> None:
    assert code(parse_record, record(**changes)) == "taken"


def test_it_takes_a_note_to_oneself() -> None:
    own = {"hi": LO, "members": [(LO, DID, 0, 0)], "versions": {LO: (1, bytes(32))}}
    assert code(parse_record, blobs.record(core(**own), members=1, people=1)) == "taken"
    assert code(parse_record, blobs.record(core(**own), members=1, people=2)) == "BAD_ENCODING"


def test_it_takes_an_ephemeral_record_without_history_wraps() -> None:
    ephemeral = core(mode=1, timer=60)
    assert code(parse_record, blobs.record(ephemeral, mode=1)) == "taken"
    assert code(parse_record, blobs.record(ephemeral, mode=0)) == "BAD_ENCODING"


def test_the_largest_record_is_the_limit() -> None:
    members = [(LO, DID, 0, 0), *((HI, UUID(int=number), 0, 0) for number in range(10, 25))]
    finals = [(UUID(int=n + 1), 1) for n in range(16)]
    largest = blobs.record(core(kind=blobs.NEXT, epoch=1, members=members, finals=finals), members=16)
    assert len(largest) == RECORD_MAX_BYTES
    assert code(parse_record, largest) == "taken"
    assert code(parse_record, largest + b"\0") == "TOO_LARGE"


def test_every_cut_and_every_added_byte_of_a_record_is_refused() -> None:
    whole = record()
    assert {code(parse_record, whole[:length]) for length in range(len(whole))} == {"BAD_ENCODING"}
    assert code(parse_record, whole + b"\0") == "BAD_ENCODING"


@given(st.binary(max_size=800))
def test_junk_is_refused_and_nothing_else(junk: bytes) -> None:
    assert code(parse_record, junk) == "BAD_ENCODING"
    assert re.fullmatch("taken|BAD_ENCODING", code(parse_envelope, junk))
