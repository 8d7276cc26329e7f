"""Every byte of one object of each kind flipped, cut before, and the object extended: one named error, nothing else."""

import pytest

from reference import keyfile as keyfile_module
from reference.attachment import open_blob
from reference.bundle import accept_bundle, parse_bundle
from reference.errors import CODES, ProtocolError
from reference.keyfile import open_keyfile, parse_keyfile, stretch
from reference.primitives import sha256
from tests.vectors.contexts import CONTEXTS
from tests.vectors.judge import JUDGES
from tests.vectors.world import Dice

EXTENSIONS = (b"\x00", b"\x80", b"\xff" * 16)


def mutations(data):
    """All objects one byte flipped, one shorter at any place, or a few longer."""
    for index in range(len(data)):
        yield data[:index] + bytes([data[index] ^ (1 << index % 8)]) + data[index + 1 :]
        yield data[:index]
    yield from (data + extension for extension in EXTENSIONS)


def assert_all_refused(judge, data):
    judge(data)
    for damaged in mutations(data):
        with pytest.raises(ProtocolError) as caught:
            judge(damaged)
        assert caught.value.code in CODES


@pytest.mark.parametrize("name", ["head", "prekey", "record", "envelope", "blob"])
def test_no_damaged_object_is_accepted(name):
    given = CONTEXTS[name](Dice(7))
    assert_all_refused(lambda data: JUDGES[name]({**given, name: data.hex()}), bytes.fromhex(given[name]))


@pytest.mark.parametrize("name", ["head", "prekey"])
def test_no_damaged_signature_is_accepted(name):
    given = CONTEXTS[name](Dice(8))
    assert_all_refused(lambda data: JUDGES[name]({**given, "sig": data.hex()}), bytes.fromhex(given["sig"]))


def test_no_damaged_blob_is_opened_even_when_its_hash_was_announced():
    given = CONTEXTS["blob"](Dice(12))
    fk, size = bytes.fromhex(given["fk"]), given["size"]
    assert_all_refused(
        lambda data: open_blob(data, fk=fk, size=size, blob_hash=sha256(data)), bytes.fromhex(given["blob"])
    )


def test_no_damaged_bundle_is_accepted():
    given = CONTEXTS["bundle"](Dice(9))
    previous = parse_bundle(bytes.fromhex(given["prev_bundle"]))
    uid = bytes.fromhex(given["uid"])
    assert_all_refused(
        lambda data: accept_bundle(data, uid=uid, name=given["name"], previous=previous), bytes.fromhex(given["bundle"])
    )


def test_no_damaged_key_file_is_opened():
    """The passphrase is stretched once: changed salts and iterations are judged with the right m, which is harder."""
    given = CONTEXTS["keyfile"](Dice(10))
    data = bytes.fromhex(given["keyfile"])
    keyfile = parse_keyfile(data)
    m = stretch(given["passphrase"], keyfile.salt, keyfile.iterations)
    assert_all_refused(lambda damaged: open_keyfile(parse_keyfile(damaged), m), data)


@pytest.mark.parametrize("iterations", [0, 1, 599_999, 10_000_001, 2**32 - 1])
def test_a_refused_work_factor_is_seen_before_anything_is_derived(iterations, monkeypatch):
    data = bytearray.fromhex(CONTEXTS["keyfile"](Dice(11))["keyfile"])
    data[7:11] = iterations.to_bytes(4, "big")
    monkeypatch.setattr(keyfile_module, "pbkdf2", pytest.fail)
    with pytest.raises(ProtocolError, match="KEYFILE_KDF_REFUSED"):
        parse_keyfile(bytes(data))
