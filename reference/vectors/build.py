"""Builds the `out` of a case from its `in` with the reference implementation, then reads the built object back.

Each builder returns what `out` must be; where a case leaves a field out, it is not compared.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from reference.attachment import blob_length, file_keys, make_blob, open_blob
from reference.bundle import BundleCore, Device, accept_bundle, make_bundle, parse_bundle
from reference.encoding import label
from reference.keyfile import file_secrets, make_keyfile, open_keyfile, parse_keyfile, stretch
from reference.log import accept_head, asset_leaf, bundle_leaf, key_leaf, log_id_of, make_head
from reference.merkle import leaf_hash, root
from reference.padding import padme
from reference.prekeys import Prekey, accept_prekey, make_prekey
from reference.primitives import ed25519_public, kdf, sha256, verify, x25519_public
from reference.safety import Person, fingerprint, safety_number
from reference.session import session_proof, session_text
from reference.vectors.build_epoch import build_epoch
from reference.vectors.build_message import build_message
from reference.vectors.judge import plaintext

Given = dict[str, Any]


def difference(case: Given) -> str:
    """Empty when the built object equals `out`; else the names of the fields that differ."""
    built = as_json(BUILDERS[case["type"]](case["in"]))
    return " ".join(f"{name} differs" for name, value in case["out"].items() if built.get(name) != value)


def as_json(value: Any) -> Any:
    """Bytes as lower-case hex, tuples as lists."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {name: as_json(item) for name, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, list | tuple) else value


def build_padme(given: Given) -> Given:
    return {"padded": padme(given["len"])}


def build_label(given: Given) -> Given:
    text: str = given["s"]
    return {"label": label(text)}


def build_kdf(given: Given) -> Given:
    ikm, salt, info = (bytes.fromhex(given[name]) for name in ("ikm", "salt", "info"))
    return {"okm": kdf(ikm, salt, info, given["len"])}


def build_bundle(given: Given) -> Given:
    old_root = bytes.fromhex(given["old_root_seed"]) if given["old_root_seed"] else None
    bundle = make_bundle(bundle_core(given), root_seed=bytes.fromhex(given["root_seed"]), old_root_seed=old_root)
    previous = parse_bundle(bytes.fromhex(given["prev_bundle"])) if given["prev_bundle"] else None
    notices: tuple[str, ...]
    if previous is None and bundle.core.version > 1:
        accepted, notices = parse_bundle(bundle.encode()), ()
    else:
        accepted, notices = accept_bundle(
            bundle.encode(), uid=bundle.core.uid, name=bundle.core.name, previous=previous
        )  # fmt: skip
    assert accepted == bundle
    return {
        "root_pub": bundle.core.root_pub,
        "hk_pub": bundle.core.hk_pub,
        "devices": [{"did": d.did, "ds_pub": d.ds_pub, "dk_pub": d.dk_pub} for d in bundle.core.devices],
        "bundle_core": bundle.core_bytes,
        "bundle_hash": bundle.hash,
        "sig": bundle.sig,
        "sig_old": bundle.sig_old,
        "bundle": bundle.encode(),
        "notices": notices,
    }


def bundle_core(given: Given) -> BundleCore:
    devices = tuple(
        Device(
            bytes.fromhex(device["did"]),
            ed25519_public(bytes.fromhex(device["ds_seed"])),
            x25519_public(bytes.fromhex(device["dk_seed"])),
            device["added_ms"],
        )
        for device in given["devices"]
    )
    return BundleCore(
        given["suites"],
        bytes.fromhex(given["uid"]),
        given["name"],
        given["version"],
        bytes.fromhex(given["prev_hash"]),
        ed25519_public(bytes.fromhex(given["root_seed"])),
        x25519_public(bytes.fromhex(given["history_seed"])),
        given["hk_gen"],
        given["issued_ms"],
        devices,
    )


def build_log(given: Given) -> Given:
    seed = bytes.fromhex(given["log_seed"])
    log_pub, leaves = ed25519_public(seed), list[bytes]()
    for leaf in given["leaves"]:
        leaves.append(_leaf(leaf, leaves, log_pub))
    head, sig = make_head(leaves, log_seed=seed, log_pub=log_pub, ts_ms=given["ts_ms"])
    verify(log_pub, head, sig)
    accept_head(
        head, sig, log_pub=log_pub, own_leaves=leaves, new_leaves=[], now_ms=given["ts_ms"], my_name="nobody",
        my_bundle_hashes=[],
    )  # fmt: skip
    return {
        "log_pub": log_pub,
        "log_id": log_id_of(log_pub),
        "leaves": leaves,
        "leaf_hashes": [leaf_hash(leaf) for leaf in leaves],
        "roots": [root(leaves[:size]) for size in range(len(leaves) + 1)],
        "head": head,
        "head_sig": sig,
    }


def _leaf(leaf: Given, before: list[bytes], log_pub: bytes) -> bytes:
    if "old_log_seed" in leaf:
        return key_leaf(before, old_seed=bytes.fromhex(leaf["old_log_seed"]), new_pub=log_pub)
    if "build" in leaf:
        return asset_leaf(leaf["build"], sha256(leaf["manifest"].encode()))
    return bundle_leaf(leaf["name"], bytes.fromhex(leaf["uid"]), leaf["version"], bytes.fromhex(leaf["bundle_hash"]))


def build_prekey(given: Given) -> Given:
    uid, did, ds_seed = (bytes.fromhex(given[name]) for name in ("uid", "did", "ds_seed"))
    pub, ds_pub = x25519_public(bytes.fromhex(given["seed"])), ed25519_public(ds_seed)
    prekey = Prekey(given["kind"], uid, did, given["id"], pub, given["not_after_ms"])
    data, sig = make_prekey(prekey, ds_seed=ds_seed)
    accepted = accept_prekey(data, sig, uid=uid, did=did, ds_pub=ds_pub, now_ms=given["not_after_ms"])
    assert accepted == prekey
    return {"pub": pub, "ds_pub": ds_pub, "prekey": data, "sig": sig}


def build_attachment(given: Given) -> Given:
    fk, fsalt, content = bytes.fromhex(given["fk"]), bytes.fromhex(given["fsalt"]), plaintext(given["plaintext"])
    blob, keys = make_blob(content, fk=fk, fsalt=fsalt), file_keys(fk, fsalt)
    assert open_blob(blob, fk=fk, size=len(content), blob_hash=sha256(blob)) == content
    assert len(blob) == blob_length(len(content))
    return {
        "padded_len": padme(len(content)),
        "key": keys.key,
        "base": keys.base,
        "commit": keys.commit,
        "blob_len": len(blob),
        "blob_sha256": hashlib.sha256(blob).digest(),
        "blob_head": blob[:64],
        "blob_tail": blob[-32:],
    }


def build_keyfile(given: Given) -> Given:
    salt, payload = bytes.fromhex(given["salt"]), given["payload"].encode()
    m = stretch(given["passphrase"], salt, given["iterations"])
    data = make_keyfile(payload, kind=given["kind"], m=m, salt=salt, iterations=given["iterations"])
    keyfile = parse_keyfile(data)
    assert open_keyfile(keyfile, m) == payload
    commit = file_secrets(m, salt, keyfile.header).commit
    return {"m": m, "header": keyfile.header, "commit": commit, "file": data, "file_sha256": sha256(data)}


def build_safety(given: Given) -> Given:
    people = [
        Person(bytes.fromhex(user["uid"]), user["name"], bytes.fromhex(user["root_pub"])) for user in given["users"]
    ]
    digits, qr = safety_number(*people)
    assert (digits, qr) == safety_number(*reversed(people))
    lo, hi = sorted(people, key=lambda person: person.uid)
    return {"fingerprints": [fingerprint(lo), fingerprint(hi)], "digits": digits, "qr": qr}


def build_session(given: Given) -> Given:
    nonce, uid, did, seed = (bytes.fromhex(given[name]) for name in ("nonce", "uid", "did", "ds_seed"))
    signed = session_text(given["origin"], nonce, uid, did)
    sig = session_proof(given["origin"], nonce, uid, did, ds_seed=seed)
    verify(ed25519_public(seed), signed, sig)
    return {"ds_pub": ed25519_public(seed), "signed": signed, "sig": sig}


BUILDERS: dict[str, Callable[[Given], Given]] = {
    "padme": build_padme,
    "label": build_label,
    "kdf": build_kdf,
    "bundle": build_bundle,
    "log": build_log,
    "prekey": build_prekey,
    "epoch": build_epoch,
    "message": build_message,
    "attachment": build_attachment,
    "keyfile": build_keyfile,
    "safety": build_safety,
    "session": build_session,
}
