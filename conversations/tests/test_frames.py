"""Frames in are strict, frames out are the contract's words."""

import json
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations import frames

ID = "0" * 31 + "7"
CLIENT = "00000000-0000-4000-8000-000000000001"
GOOD: dict[str, dict[str, Any]] = {
    "hello": {"f": "hello", "did": ID, "cursors": {ID: 3}, "incarnation": None, "build": "0" * 16},
    "post": {"f": "post", "cid": ID, "client_id": CLIENT, "kind": "record", "blob": "AAAA"},
    "pull": {"f": "pull", "cid": ID, "after": 0, "limit": 200},
    "ack": {"f": "ack", "cid": ID, "upto": 5},
    "heads": {"f": "heads"},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([ID, CLIENT, *GOOD]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["f", "cid", "did", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)


def refused(text: str) -> str:
    with pytest.raises(frames.FrameError) as error:
        frames.parse(text)
    return error.value.code


@pytest.mark.parametrize("name", GOOD)
def test_it_takes_each_frame(name: str) -> None:
    assert frames.parse(json.dumps(GOOD[name])).f == name


@pytest.mark.parametrize("name", GOOD)
def test_it_refuses_an_unknown_field(name: str) -> None:
    assert refused(json.dumps({**GOOD[name], "more": 1})) == "BAD_FRAME"


@pytest.mark.parametrize(
    ("name", "lost"), [(name, lost) for name, frame in GOOD.items() for lost in frame if lost != "build"]
)
def test_it_refuses_a_missing_field(name: str, lost: str) -> None:
    assert refused(json.dumps({key: value for key, value in GOOD[name].items() if key != lost})) == "BAD_FRAME"


def test_a_client_without_a_build_says_none() -> None:
    frame = {key: value for key, value in GOOD["hello"].items() if key != "build"}
    assert frames.parse(json.dumps(frame)) == frames.Hello(UUID(hex=ID), {UUID(hex=ID): 3}, None, None)


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("hello", "did", ID.upper().replace("7", "A")),
        ("hello", "did", ID + "0"),
        ("hello", "did", 7),
        ("hello", "cursors", []),
        ("hello", "cursors", {ID: -1}),
        ("hello", "cursors", {"x": 1}),
        ("hello", "cursors", {f"{n:032x}": 1 for n in range(5001)}),
        ("hello", "incarnation", ""),
        ("hello", "incarnation", 1),
        ("hello", "build", None),
        ("hello", "build", "0" * 15),
        ("hello", "build", "G" * 16),
        ("hello", "build", 1),
        ("post", "client_id", CLIENT.replace("-4", "-1")),
        ("post", "client_id", CLIENT.replace("-", "")),
        ("post", "client_id", CLIENT + "\n"),
        ("post", "kind", "text"),
        ("post", "kind", []),
        ("post", "blob", "AAA="),
        ("post", "blob", "AB"),
        ("post", "blob", None),
        ("pull", "after", -1),
        ("pull", "after", 1 << 53),
        ("pull", "after", True),
        ("pull", "after", 1.0),
        ("pull", "limit", 0),
        ("pull", "limit", 201),
        ("ack", "upto", "5"),
        ("ack", "f", "bell"),
        ("ack", "f", None),
    ],
)
def test_it_refuses_a_value_of_another_type_or_beyond_its_border(name: str, field: str, value: Any) -> None:
    assert refused(json.dumps({**GOOD[name], field: value})) == "BAD_FRAME"


@pytest.mark.parametrize(
    "text", ["", "null", "[]", '"heads"', "{", '{"f":"heads","f":"heads"}', '{"f":NaN}', "[" * 100_000, "9" * 5000]
)
def test_it_refuses_what_is_no_frame(text: str) -> None:
    assert refused(text) == "BAD_FRAME"


def test_it_looks_at_the_size_before_anything_else() -> None:
    heads = '{"f":"heads"}'
    assert frames.parse(heads + " " * (frames.MAX_FRAME_BYTES - len(heads))) == frames.AskHeads()
    assert refused(heads + " " * (frames.MAX_FRAME_BYTES - len(heads) + 1)) == "TOO_LARGE"


@settings(max_examples=300)
@given(st.text() | JSON.map(json.dumps) | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_junk_raises_only_frame_errors(text: str) -> None:
    with suppress(frames.FrameError):
        frames.parse(text)


def test_blobs_do_not_show_in_a_repr() -> None:
    post = frames.parse(json.dumps({**GOOD["post"], "blob": "U0VDUkVU"}))
    assert "SECRET" not in repr(post)


def test_it_speaks_the_contracts_words() -> None:
    cid, client = UUID(ID), UUID(CLIENT)
    accepted = frames.Accepted(cid, client, 4, b"\0\0\0", False)
    assert frames.to_json(accepted) == {
        "f": "accepted",
        "cid": ID,
        "client_id": CLIENT,
        "seq": 4,
        "sha256": "AAAA",
        "dup": False,
    }
    assert frames.to_json(frames.Refused(cid, client, 409, "STALE_EPOCH")) == {
        "f": "refused",
        "cid": ID,
        "client_id": CLIENT,
        "status": 409,
        "code": "STALE_EPOCH",
    }
    assert frames.to_json(frames.LogBell(9)) == {"f": "bell", "log_size": 9}
    assert frames.to_json(frames.events(cid=cid, after=6, stored=[])) == {
        "f": "events",
        "cid": ID,
        "from": 7,
        "to": 6,
        "items": [],
    }
    assert json.loads(frames.encode(frames.Heads({cid: 2}, 5, 1))) == {
        "f": "heads",
        "heads": {ID: 2},
        "log_size": 5,
        "now_ms": 1,
    }


IDS = st.uuids()


@given(IDS, IDS, st.uuids(version=4), st.sampled_from(["record", "message"]), st.binary(max_size=99), st.integers(0))
def test_the_quick_words_are_the_exact_ones(
    cid: UUID, did: UUID, client_id: UUID, kind: str, blob: bytes, number: int
) -> None:
    event = frames.Event(cid, number, kind, cid, did, client_id, blob[:32], blob, number)
    for frame in (event, *(frames.Accepted(cid, client_id, number, blob[:32], dup) for dup in (False, True))):
        assert frames.encode(frame) == frames._encode(frame)
