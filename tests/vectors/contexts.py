"""Objects that the receiving side accepts, with all it knows: the ground from which refused cases are made."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference.account import Account, encode_account
from reference.attachment import make_blob
from reference.bundle import BundleCore
from reference.chain import start_chain
from reference.content import encode_content
from reference.envelope import seal_message
from reference.keyfile import ACCOUNT, make_keyfile, stretch
from reference.log import bundle_leaf, key_leaf, make_head
from reference.merkle import root
from reference.primitives import ed25519_public, sha256
from reference.record import encode_core, parse_record
from reference.vectors.build import BUILDERS, as_json
from reference.vectors.judge import plaintext
from tests.vectors.world import (
    BASE_MS,
    Dice,
    attachment_in,
    bundle_in,
    epoch_in,
    message_in,
    next_bundle_in,
    prekey_in,
    signed_bundle,
)

Given = dict[str, Any]
ITERATIONS = 600_000


def bundle_context(dice: Dice) -> Given:
    given = next_bundle_in(dice)
    bundle = signed_bundle(given).encode().hex()
    return {"uid": given["uid"], "name": given["name"], "prev_bundle": given["prev_bundle"], "bundle": bundle}


def head_context(dice: Dice) -> Given:
    """Half of them with a change of the log's key, known already or among what is new."""
    seed, old_seed = dice.bytes(32), dice.bytes(32)
    log_pub, uids = ed25519_public(seed), [dice.bytes(16) for _ in range(dice.between(2, 9))]
    leaves = [bundle_leaf(f"user-{i}", uid, 1, dice.bytes(32)) for i, uid in enumerate(uids)]
    first = leaves[0][-32:]
    leaves.append(bundle_leaf("user-1", uids[1], 2, dice.bytes(32)))
    changed_at = dice.below(len(leaves)) if dice.coin() else -1
    if changed_at >= 0:
        leaves.insert(changed_at, key_leaf(leaves[:changed_at], old_seed=old_seed, new_pub=log_pub))
    head, sig = make_head(leaves, log_seed=seed, log_pub=log_pub, ts_ms=BASE_MS)
    own = dice.below(len(leaves))
    if own <= changed_at:
        log_pub = ed25519_public(old_seed)
    lists = {"own_leaves": leaves[:own], "new_leaves": leaves[own:], "my_bundle_hashes": [first]}
    return as_json({"lg_pub": log_pub, "now_ms": BASE_MS, **lists, "my_name": "user-0", "head": head, "sig": sig})


def prekey_context(dice: Dice) -> Given:
    given = prekey_in(dice)
    out = as_json(BUILDERS["prekey"](given))
    names = {name: out[name] for name in ("ds_pub", "prekey", "sig")}
    return {"uid": given["uid"], "did": given["did"], "now_ms": given["not_after_ms"], **names}


def record_context(dice: Dice) -> Given:
    given = epoch_in(dice)
    record = as_json(BUILDERS["epoch"](given))["record"]
    return {"record": record, "state": receiver_state(dice, given)}


def shared_device_context(dice: Dice) -> Given:
    """A record whose sender's device stands there as one of the other person's, too."""
    while True:
        given = record_context(dice)
        record = parse_record(bytes.fromhex(given["record"]))
        core = record.core
        if len(core.uids) > 1:
            break
    other = next(member for member in core.members if member.uid != core.s_uid)
    members = tuple(replace(member, did=core.s_did) if member is other else member for member in core.members)
    changed = replace(record, core_bytes=encode_core(replace(core, members=members)))
    return {**given, "record": changed.encode().hex()}


def receiver_state(dice: Dice, given: Given) -> Given:
    """One receiver of an epoch case, just before its record."""
    receiver = given["receivers"][dice.below(len(given["receivers"]))]
    own = next(member for member in given["members"] if member["did"] == receiver["did"])
    sender, live = given["sender"]["did"], receiver["next_prev"] is not None
    others = [member for member in given["members"] if member["did"] != sender]
    table = [{"did": m["did"], "pub": m["leaf_pub"]} for m in others if m["spk_id"] == 0]
    return {
        "cid": given["cid"],
        "uid_lo": given["uid_lo"],
        "uid_hi": given["uid_hi"],
        "uid": receiver["uid"],
        "did": receiver["did"],
        "dk_seed": receiver["dk_seed"],
        "leaf_seed": None if own["spk_id"] else receiver["leaf_seed"],
        "spks": [{"id": own["spk_id"], "seed": receiver["leaf_seed"]}] if own["spk_id"] else [],
        "opks": [{"id": own["opk_id"], "seed": receiver["opk_seed"]}] if own["opk_id"] else [],
        "epoch": given["epoch"] - 1,
        "th": given["th_prev"],
        "next": receiver["next_prev"],
        "leafs": table if live else None,
        "records": [],
        "bundles": given["bundles"],
        "log_leaves": given["log_leaves"],
        "counters": given["finals"],
    }


def envelope_context(dice: Dice) -> Given:
    given = message_in(dice)
    given["ck0"] = ck0_of(given)
    envelope = as_json(BUILDERS["message"](given))["envelope"]
    return _envelope_at(given, envelope, dice.below(given["counter"] + 1))


def content_context(dice: Dice, **more: object) -> Given:
    """The first envelope of a chain, with these fields in its content whether they pass or not."""
    given = message_in(dice)
    names = ("cid", "th", "uid", "did", "salt")
    bound = {name: bytes.fromhex(given[name]) for name in names} | {"epoch": given["epoch"]}
    chain = start_chain(bytes.fromhex(given["k_msg"]), bound["uid"], bound["did"])
    envelope, _ = seal_message(encode_content({**json.loads(given["content"]), **more}), chain=chain, **bound)
    return _envelope_at(given, envelope.hex(), 0)


def _envelope_at(given: Given, envelope: str, next_counter: int) -> Given:
    sender = {"uid": given["uid"], "did": given["did"]}
    epoch = {"epoch": given["epoch"], "k_msg": given["k_msg"], "th": given["th"], "members": [sender]}
    chain = {"epoch": given["epoch"], **sender, "next_counter": next_counter, "seen": []}
    return {"cid": given["cid"], "sender": sender, "epochs": [epoch], "chains": [chain], "envelope": envelope}


def ck0_of(given: Given) -> str:
    k_msg, uid, did = (bytes.fromhex(given[name]) for name in ("k_msg", "uid", "did"))
    return start_chain(k_msg, uid, did).head.hex()


def blob_context(dice: Dice) -> Given:
    given = attachment_in(dice)
    content = plaintext({"length": given["plaintext"]["length"] % 1500, "pattern": "mod251"})
    blob = make_blob(content, fk=bytes.fromhex(given["fk"]), fsalt=bytes.fromhex(given["fsalt"]))
    return {"fk": given["fk"], "size": len(content), "hash": sha256(blob).hex(), "blob": blob.hex()}


def keyfile_context(dice: Dice) -> Given:
    person = bundle_in(dice, devices=1)
    passphrase, salt = f"open {dice.hex(4)}", dice.bytes(32)
    payload = encode_account(_account(dice, person, signed_bundle(person).core))
    m = stretch(passphrase, salt, ITERATIONS)
    data = make_keyfile(payload, kind=ACCOUNT, m=m, salt=salt, iterations=ITERATIONS)
    account = {name: person[name] for name in ("uid", "name", "root_seed")}
    return {"keyfile": data.hex(), "passphrase": passphrase, "account": account}


def _account(dice: Dice, person: Given, core: BundleCore) -> Account:
    return Account(
        uid=core.uid,
        name=core.name,
        origin="https://chat.example",
        root_seed=bytes.fromhex(person["root_seed"]),
        hk_seeds={core.hk_gen: bytes.fromhex(person["history_seed"])},
        bundle_version=core.version,
        bundle_hash=signed_bundle(person).hash,
        log_pub=dice.bytes(32),
        log_size=0,
        log_root=root([]),
        made_ms=BASE_MS,
    )


CONTEXTS: dict[str, Callable[[Dice], Given]] = {
    "bundle": bundle_context,
    "head": head_context,
    "prekey": prekey_context,
    "record": record_context,
    "envelope": envelope_context,
    "blob": blob_context,
    "keyfile": keyfile_context,
}
