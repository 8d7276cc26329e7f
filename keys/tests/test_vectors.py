"""Every shared value of bundle, log, prekey and session proof: built here to equal bytes, and taken apart again."""

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from keys import bundles, curves, formats, log
from keys.errors import Refused
from keys.keychain import KeyChain
from keys.replay import Replay
from keys.tests import vectors

CLIENT_ONLY = {"LOG_STALE", "LOG_ROLLBACK", "LOG_SELF_FORGED"}


def unhex(text: str) -> bytes:
    return bytes.fromhex(text)


def ed_pub(seed: str) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(unhex(seed)).public_key().public_bytes_raw()


def x_pub(seed: str) -> bytes:
    return X25519PrivateKey.from_private_bytes(unhex(seed)).public_key().public_bytes_raw()


def sign(seed: str, message: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(unhex(seed)).sign(message)


def judge_bundle(given: dict[str, Any]) -> bundles.Bundle:
    previous = bundles.parse_bundle(unhex(given["prev_bundle"])) if given["prev_bundle"] else None
    bundle = bundles.parse_bundle(unhex(given["bundle"]))
    bundles.check_successor(bundle, uid=unhex(given["uid"]), name=given["name"], previous=previous)
    return bundle


def judge_prekey(given: dict[str, Any]) -> formats.Prekey:
    prekey = formats.parse_prekey(unhex(given["prekey"]))
    asked = {name: unhex(given[name]) for name in ("uid", "did", "ds_pub", "sig")}
    formats.check_prekey(prekey, now_ms=given["now_ms"], **asked)
    return prekey


def judge_head(given: dict[str, Any]) -> None:
    head = formats.parse_head(unhex(given["head"]))
    own, log_pub, keys = len(given["own_leaves"]), unhex(given["lg_pub"]), KeyChain()
    leaves = [unhex(leaf) for leaf in given["own_leaves"] + given["new_leaves"]]
    replay, parsed = Replay(), [formats.parse_leaf(leaf) for leaf in leaves]
    for index, leaf in enumerate(parsed):
        if isinstance(leaf, formats.KeyLeaf):
            keys.add(leaf, index=index, root=log.root_of_leaves(leaves[:index]))
    if keys.in_force(own, log_pub) != log_pub:
        raise Refused("LOG_BAD_HEAD")
    formats.check_head(head, sig=unhex(given["sig"]), log_pub=keys.in_force(head.size, log_pub))
    if log.root_of_leaves(leaves) != head.root:
        raise Refused("LOG_SPLIT_VIEW")
    for leaf in parsed:
        replay.add(leaf)


JUDGES = {"bundle": judge_bundle, "prekey": judge_prekey, "head": judge_head}

REFUSED_HERE = [case for case in vectors.of_type("refuse", *JUDGES) if case["error"] not in CLIENT_ONLY]


@pytest.mark.parametrize("case", vectors.of_type("bundle"), ids=lambda case: case["id"])
def test_a_bundle_has_the_given_bytes_and_comes_back(case: dict[str, Any]) -> None:
    given, out = case["in"], case["out"]
    entries = [
        bundles.DeviceEntry(unhex(d["did"]), ed_pub(d["ds_seed"]), x_pub(d["dk_seed"]), d["added_ms"])
        for d in sorted(given["devices"], key=lambda d: d["did"])
    ]
    plain = {name: given[name] for name in ("suites", "name", "version", "hk_gen", "issued_ms")}
    core = bundles.BundleCore(
        uid=unhex(given["uid"]),
        prev_hash=unhex(given["prev_hash"]),
        root_pub=ed_pub(given["root_seed"]),
        hk_pub=x_pub(given["history_seed"]),
        devices=tuple(entries),
        **plain,
    )
    bundle_hash = formats.H(core.encode())
    sig = sign(given["root_seed"], bundles.signed_bundle(bundle_hash))
    old = given["old_root_seed"]
    sig_old = sign(old, bundles.signed_rotation(bundle_hash)) if old else b""
    assert bundles.encode_bundle(core.encode(), sig, sig_old).hex() == out["bundle"]
    assert bundles.parse_bundle(unhex(out["bundle"])) == bundles.Bundle(core, unhex(out["bundle_hash"]), sig_old)
    judge_bundle(
        {"bundle": out["bundle"], "prev_bundle": given["prev_bundle"], **{k: given[k] for k in ("uid", "name")}}
    )


@pytest.mark.parametrize("case", vectors.of_type("log"), ids=lambda case: case["id"])
def test_a_log_has_the_given_leaves_roots_and_head(case: dict[str, Any]) -> None:
    given, out = case["in"], case["out"]
    leaves: list[bytes] = []
    for leaf in given["leaves"]:
        leaves.append(_leaf(leaf, leaves, given["log_seed"]).encode())
    assert [leaf.hex() for leaf in leaves] == out["leaves"]
    assert [formats.parse_leaf(leaf).encode() for leaf in leaves] == leaves
    assert [log.leaf_hash(leaf).hex() for leaf in leaves] == out["leaf_hashes"]
    assert [log.root_of_leaves(leaves[:size]).hex() for size in range(len(leaves) + 1)] == out["roots"]
    log_pub = ed_pub(given["log_seed"])
    head = formats.Head(formats.log_id_of(log_pub), len(leaves), log.root_of_leaves(leaves), given["ts_ms"])
    assert (log_pub.hex(), head.log_id.hex(), head.encode().hex()) == (out["log_pub"], out["log_id"], out["head"])
    assert sign(given["log_seed"], head.encode()).hex() == out["head_sig"]
    assert formats.parse_head(head.encode()) == head


def _leaf(given: dict[str, Any], before: list[bytes], log_seed: str) -> formats.AnyLeaf:
    if "old_log_seed" in given:
        old = given["old_log_seed"]
        leaf = formats.KeyLeaf(ed_pub(old), ed_pub(log_seed), len(before), log.root_of_leaves(before), b"")
        return replace(leaf, sig=sign(old, leaf.signed()))
    if "build" in given:
        return formats.AssetLeaf(given["build"].encode(), formats.H(given["manifest"].encode()))
    plain = {"name": given["name"], "version": given["version"]}
    return formats.leaf_of(uid=unhex(given["uid"]), bundle_hash=unhex(given["bundle_hash"]), **plain)


@pytest.mark.parametrize("case", vectors.of_type("prekey"), ids=lambda case: case["id"])
def test_a_prekey_has_the_given_bytes_and_comes_back(case: dict[str, Any]) -> None:
    given, out = case["in"], case["out"]
    ids = (unhex(given["uid"]), unhex(given["did"]))
    prekey = formats.Prekey(given["kind"], *ids, given["id"], x_pub(given["seed"]), given["not_after_ms"])
    assert prekey.encode().hex() == out["prekey"]
    assert sign(given["ds_seed"], prekey.encode()).hex() == out["sig"]
    known = {"uid": given["uid"], "did": given["did"], "ds_pub": out["ds_pub"], "now_ms": given["not_after_ms"]}
    assert judge_prekey({"prekey": out["prekey"], "sig": out["sig"], **known}) == prekey


@pytest.mark.parametrize("case", vectors.of_type("session"), ids=lambda case: case["id"])
def test_a_session_proof_has_the_given_bytes(case: dict[str, Any]) -> None:
    given, out = case["in"], case["out"]
    binary = {name: unhex(given[name]) for name in ("nonce", "uid", "did")}
    message = formats.session_proof(origin=given["origin"], **binary)
    assert message.hex() == out["signed"]
    curves.verify(pub=unhex(out["ds_pub"]), message=message, sig=unhex(out["sig"]))


@pytest.mark.parametrize("case", vectors.of_type("accept", *JUDGES), ids=lambda case: case["id"])
def test_an_undamaged_object_is_accepted(case: dict[str, Any]) -> None:
    JUDGES[case["object"]](case["in"])


@pytest.mark.parametrize("case", REFUSED_HERE, ids=lambda case: case["id"])
def test_a_damaged_object_is_refused_with_its_code(case: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        JUDGES[case["object"]](case["in"])
    assert refused.value.code == case["error"]
