"""Random but repeatable inputs for generated vectors: each function gives the `in` of one case type."""

import hashlib
from typing import Any

from reference.bundle import Bundle, make_bundle
from reference.content import encode_content
from reference.encoding import ZERO32
from reference.log import leaf_of
from reference.merkle import root
from reference.primitives import x25519_public
from reference.vectors.build import bundle_core

Given = dict[str, Any]
BASE_MS = 1_750_000_000_000
WORDS = ("hello", "Grüße — ½", "日本語", "🙂 ok", 'quote " and \\', "line\nline", "")


class Dice:
    """A stream of bytes that depends on the seed alone."""

    def __init__(self, seed: int) -> None:
        self._seed, self._turn = str(seed).encode(), 0

    def bytes(self, length: int) -> bytes:
        out = b""
        while len(out) < length:
            self._turn += 1
            out += hashlib.sha256(b"%s/%d" % (self._seed, self._turn)).digest()
        return out[:length]

    def hex(self, length: int) -> str:
        return self.bytes(length).hex()

    def below(self, limit: int) -> int:
        return int.from_bytes(self.bytes(8), "big") % limit

    def between(self, low: int, high: int) -> int:
        return low + self.below(high - low + 1)

    def coin(self) -> bool:
        return self.below(2) == 1


def padme_in(dice: Dice) -> Given:
    return {"len": dice.below(1 << dice.between(1, 27))}


def label_in(dice: Dice) -> Given:
    return {"s": dice.hex(dice.between(1, 8))}


def kdf_in(dice: Dice) -> Given:
    info, ikm = dice.hex(dice.below(80)), dice.hex(dice.between(1, 128))
    return {"ikm": ikm, "salt": dice.hex(32), "info": info, "len": dice.between(1, 120)}


def bundle_in(dice: Dice, *, devices: int | None = None) -> Given:
    """Version 1 of a new user."""
    return {
        "suites": 1 | dice.below(128) << 1,
        "uid": dice.hex(16),
        "name": f"user-{dice.hex(4)}",
        "version": 1,
        "prev_hash": ZERO32.hex(),
        "root_seed": dice.hex(32),
        "history_seed": dice.hex(32),
        "hk_gen": dice.between(1, 9),
        "issued_ms": BASE_MS + dice.below(10**9),
        "devices": [_device(dice) for _ in range(devices or dice.between(1, 8))],
        "old_root_seed": None,
        "prev_bundle": None,
    }


def next_bundle_in(dice: Dice) -> Given:
    """Version 2: a device more, a device less, a rotated or a reset root."""
    first = bundle_in(dice, devices=dice.between(2, 4))
    bundle = signed_bundle(first)
    given = {**first, "version": 2, "prev_hash": bundle.hash.hex(), "prev_bundle": bundle.encode().hex()}
    change = dice.below(4)
    if change == 0:
        return {**given, "devices": [*first["devices"], _device(dice)]}
    if change == 1:
        return {**given, "devices": first["devices"][1:], "hk_gen": first["hk_gen"] + 1}
    return {**given, "root_seed": dice.hex(32), "old_root_seed": first["root_seed"] if change == 2 else None}


def signed_bundle(given: Given) -> Bundle:
    old = bytes.fromhex(given["old_root_seed"]) if given["old_root_seed"] else None
    return make_bundle(bundle_core(given), root_seed=bytes.fromhex(given["root_seed"]), old_root_seed=old)


def _device(dice: Dice) -> Given:
    seeds = {"did": dice.hex(16), "ds_seed": dice.hex(32), "dk_seed": dice.hex(32)}
    return {**seeds, "added_ms": BASE_MS + dice.below(10**9)}


def log_in(dice: Dice) -> Given:
    leaves = [_leaf(dice, index) for index in range(dice.below(12))]
    if dice.coin():
        leaves.append({"old_log_seed": dice.hex(32)})
    return {"log_seed": dice.hex(32), "leaves": leaves, "ts_ms": BASE_MS}


def _leaf(dice: Dice, index: int) -> Given:
    if dice.below(4) == 0:
        return {"build": f"2026.{index}", "manifest": dice.hex(8)}
    return {"name": f"user-{index}", "uid": dice.hex(16), "version": 1, "bundle_hash": dice.hex(32)}


def prekey_in(dice: Dice) -> Given:
    names = {"uid": dice.hex(16), "did": dice.hex(16), "seed": dice.hex(32), "ds_seed": dice.hex(32)}
    return {"kind": dice.between(1, 2), "id": dice.between(1, 2**32 - 1), "not_after_ms": BASE_MS, **names}


def message_in(dice: Dice) -> Given:
    fields = {"v": 1, "t": "text", "id": _uuid(dice), "ts": BASE_MS, "ack": {dice.hex(16): dice.below(9)}}
    content = encode_content({**fields, "body": WORDS[dice.below(len(WORDS))] * dice.below(60)})
    ids = {name: dice.hex(16) for name in ("cid", "uid", "did")}
    secrets = {name: dice.hex(32) for name in ("th", "k_msg", "salt")}
    return {**ids, **secrets, "epoch": dice.below(1000), "counter": dice.below(40), "content": content.decode()}


def _uuid(dice: Dice) -> str:
    text = dice.hex(16)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"


def attachment_in(dice: Dice) -> Given:
    length = dice.below(1 << dice.between(1, 18))
    return {"fk": dice.hex(32), "fsalt": dice.hex(32), "plaintext": {"length": length, "pattern": "mod251"}}


def keyfile_in(dice: Dice) -> Given:
    payload = encode_content({"v": 1, "note": dice.hex(dice.below(200))}).decode()
    fields = {"kind": dice.between(1, 2), "iterations": 600_000, "salt": dice.hex(32), "payload": payload}
    return {**fields, "passphrase": f"ﬁve words {dice.hex(6)} é"}


def safety_in(dice: Dice) -> Given:
    return {
        "users": [{"uid": dice.hex(16), "name": f"user-{i}", "root_pub": dice.hex(32)} for i in range(2)]
    }  # fmt: skip


def session_in(dice: Dice) -> Given:
    ids = {"uid": dice.hex(16), "did": dice.hex(16), "ds_seed": dice.hex(32)}
    return {"origin": f"https://{dice.hex(4)}.example", "nonce": dice.hex(32), **ids}


def epoch_in(dice: Dice, *, kind: int | None = None, mode: int | None = None) -> Given:
    """A record between two users, sometimes one with himself, of one to three devices each."""
    people = [bundle_in(dice, devices=dice.between(1, 3)) for _ in range(2)]
    if dice.below(5) == 0:
        people = [bundle_in(dice, devices=dice.between(2, 4))]
    people.sort(key=lambda person: person["uid"])
    kind = dice.below(3) if kind is None else kind
    mode = dice.below(2) if mode is None else mode
    return _epoch_of(dice, people, kind, mode)


def _epoch_of(dice: Dice, people: list[Given], kind: int, mode: int) -> Given:
    bundles = [signed_bundle(person) for person in people]
    leaves = [leaf_of(bundle) for bundle in bundles]
    entries = [(person["uid"], device) for person in people for device in person["devices"]]
    s_uid, s_device = entries[dice.below(len(entries))]
    sender = {"uid": s_uid, "did": s_device["did"], "dk_seed": s_device["dk_seed"]}
    sender |= {name: dice.hex(32) for name in ("e_seed", "newleaf_seed", "r")}
    next_prev = dice.hex(32) if kind == 1 else None
    others = [_entry(dice, uid, device, kind) for uid, device in entries if device is not s_device]
    own = {"uid": s_uid, "did": s_device["did"], "leaf_pub": _public(sender["newleaf_seed"]), **NO_PREKEYS}
    finals = [{"did": device["did"], "next_counter": dice.between(1, 99)} for _, device in entries if dice.coin()]
    return {
        "suite": 1,
        "cid": dice.hex(16),
        "uid_lo": people[0]["uid"],
        "uid_hi": people[-1]["uid"],
        "epoch": 0 if kind == 0 else dice.between(1, 500),
        "kind": kind,
        "mode": mode,
        "timer_s": mode * dice.between(1, 86400),
        "th_prev": ZERO32.hex() if kind == 0 else dice.hex(32),
        "sender": sender,
        "salt": next_prev or ZERO32.hex(),
        "bundles": [bundle.encode().hex() for bundle in bundles],
        "log_leaves": [leaf.hex() for leaf in leaves],
        "log_size": len(leaves),
        "log_root": root(leaves).hex(),
        "members": [own, *(member for member, _ in others)],
        "finals": finals if kind == 1 else [],
        "receivers": [{**receiver, "next_prev": None if m["join"] else next_prev} for m, receiver in others],
        "history": [] if mode else [{"uid": p["uid"], "hk_seed": p["history_seed"]} for p in people],
    }


NO_PREKEYS = {"spk_id": 0, "opk_id": 0, "opk_pub": None, "join": False}


def _entry(dice: Dice, uid: str, device: Given, kind: int) -> tuple[Given, Given]:
    """A member that receives, and what it holds: signed prekey, with or without a one-time one, or its own leaf."""
    leaf_seed, opk_seed = dice.hex(32), dice.hex(32)
    prekey = kind != 1 or dice.coin()
    opk = prekey and dice.coin()
    join = kind == 1 and prekey and dice.coin()
    member = {"uid": uid, "did": device["did"], "leaf_pub": _public(leaf_seed), "join": join}
    member |= {"spk_id": dice.between(1, 99) if prekey else 0, "opk_id": dice.between(1, 99) if opk else 0}
    member["opk_pub"] = _public(opk_seed) if opk else None
    receiver = {"uid": uid, "did": device["did"], "dk_seed": device["dk_seed"], "leaf_seed": leaf_seed}
    return member, {**receiver, "opk_seed": opk_seed if opk else None}


def _public(seed: str) -> str:
    return x25519_public(bytes.fromhex(seed)).hex()
