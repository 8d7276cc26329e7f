"""The payload of a key file: strict, and with the pins of whom its browser knew (section 10)."""

import json
from dataclasses import replace

import pytest

from reference.account import Account, Pin, encode_account, parse_account
from reference.encoding import b64
from reference.errors import ProtocolError

PINS = (Pin(b"b" * 16, bytes(range(32)), True), Pin(b"c" * 16, bytes(32), False))
ACCOUNT = Account(
    uid=b"a" * 16, name="alice", origin="https://chat.example", root_seed=bytes(32), hk_seeds={1: bytes(32)},
    bundle_version=3, bundle_hash=bytes(32), log_pub=bytes(32), log_size=7, log_root=bytes(32), made_ms=5, pins=PINS,
)  # fmt: skip
FIELDS = json.loads(encode_account(ACCOUNT))
PIN = {"uid": b64(b"b" * 16), "rs_pub": b64(bytes(32)), "verified": True}
DAMAGED = {
    "v": [2, True, "1"],
    "uid": [b64(bytes(15)), 5, "A" * 21 + "B"],
    "name": [5, None],
    "origin": [["https://chat.example"]],
    "rs": [b64(bytes(31)), "A" * 42 + "B"],
    "hk": [{}, [{"gen": "1", "priv": b64(bytes(32))}], [{"gen": 1}], [7]],
    "bundle_version": [-1, "3", True, 2**53],
    "log": [[], {"size": -1, "root": b64(bytes(32))}, {"size": 7}],
    "pins": [{}, None, "", [[]], [7], [{**PIN, "uid": "AA"}], [{**PIN, "rs_pub": "AA"}], [{"verified": True}]],
    "made": ["5", -5],
}


def test_it_reads_back():
    assert parse_account(encode_account(ACCOUNT)) == ACCOUNT
    assert parse_account(encode_account(replace(ACCOUNT, pins=()))).pins == ()


@pytest.mark.parametrize("said", [1, "true", None])
def test_only_true_is_verified(said):
    assert not parse_account(json.dumps({**FIELDS, "pins": [{**PIN, "verified": said}]}).encode()).pins[0].verified


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in DAMAGED.items() for value in values])
def test_what_does_not_fit_is_damaged(name, value):
    is_damaged(json.dumps({**FIELDS, name: value}).encode())


@pytest.mark.parametrize("name", FIELDS)
def test_nothing_may_be_missing(name):
    is_damaged(json.dumps({one: value for one, value in FIELDS.items() if one != name}).encode())


@pytest.mark.parametrize("made", ["1e999", "1.0", "NaN", "[" * 100_000, '5,"made":5', "9" * 5000])
def test_what_no_parser_may_follow_is_damaged(made):
    is_damaged(json.dumps({**FIELDS, "made": "?"}).replace('"?"', made).encode())


@pytest.mark.parametrize("payload", [b"", b"[]", b"7", b"null", b"\xff"])
def test_what_is_no_object_is_damaged(payload):
    is_damaged(payload)


def is_damaged(payload):
    with pytest.raises(ProtocolError, match="KEYFILE_DAMAGED"):
        parse_account(payload)
