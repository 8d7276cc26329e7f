"""Generates vectors of our own: `python -m tests.vectors.generate --seed 1 --count 200 > tests/vectors/own.json`.

The same seed and count give the same file. What a damaged object must be refused with is what the reference says, so
such a file holds the two implementations together; it proves nothing about the protocol by itself.
"""

import argparse
import copy
import json
import sys
from collections.abc import Callable
from typing import Any

from reference.errors import ProtocolError
from reference.vectors.build import BUILDERS, as_json
from reference.vectors.judge import JUDGES
from tests.vectors import world
from tests.vectors.contexts import CONTEXTS, ck0_of, content_context, shared_device_context
from tests.vectors.world import Dice

Given = dict[str, Any]
LONGEST_ENVELOPE = 4096
INPUTS: dict[str, Callable[[Dice], Given]] = {
    "padme": world.padme_in,
    "label": world.label_in,
    "kdf": world.kdf_in,
    "bundle": lambda dice: world.next_bundle_in(dice) if dice.coin() else world.bundle_in(dice),
    "log": world.log_in,
    "prekey": world.prekey_in,
    "epoch": world.epoch_in,
    "message": world.message_in,
    "attachment": world.attachment_in,
    "safety": world.safety_in,
    "session": world.session_in,
    "keyfile": world.keyfile_in,
}
# What the receiving side knows, changed so that an undamaged object must be refused.
CONTEXT_DAMAGES: dict[str, list[Callable[[Given], object]]] = {
    "bundle": [lambda given: given.update(name="somebody"), lambda given: given.update(prev_bundle=None)],
    "head": [
        lambda given: given.update(now_ms=given["now_ms"] + 86_400_001),
        lambda given: given["new_leaves"].pop(),
        lambda given: _flip(given, "lg_pub"),
        lambda given: given["own_leaves"].append(given["new_leaves"].pop(0)),
    ],
    "prekey": [lambda given: given.update(now_ms=given["now_ms"] + 1), lambda given: _flip(given, "did")],
    "record": [
        lambda given: _flip(given["state"], "cid"),
        lambda given: _flip(given["state"], "th"),
        lambda given: given["state"].update(epoch=given["state"]["epoch"] - 1),
        lambda given: given["state"].update(log_leaves=given["state"]["log_leaves"][:-1]),
        lambda given: given["state"].update(spks=[], opks=[], leaf_seed=None),
        lambda given: _flip(given["state"], "dk_seed"),
        lambda given: given["state"].update(counters=[]),
    ],
    "envelope": [
        lambda given: _flip(given, "cid"),
        lambda given: _flip(given["sender"], "did"),
        lambda given: _flip(given["epochs"][0], "k_msg"),
        lambda given: _flip(given["epochs"][0], "th"),
        lambda given: given["epochs"][0].update(members=[]),
    ],
    "blob": [lambda given: given.update(size=given["size"] + 3000), lambda given: _flip(given, "hash")],
    "keyfile": [lambda given: given.update(passphrase="other"), lambda given: _flip(given["account"], "uid")],
}
# A content with one more field: what passes, then what does not.
CONTENTS: list[tuple[str, Given]] = [
    ("told of the epoch before", {"ack_before": {"07" * 16: 3}}),
    ("told of the epoch before in a list", {"ack_before": ["07" * 16]}),
    ("told of the epoch before beyond every counter", {"ack_before": {"07" * 16: 2**20 + 1}}),
    ("of a kind that is a list", {"t": []}),
]


def generate(seed: int, count: int) -> Given:
    """A vector set of `count` cases: built ones of all types in turn, accepted and refused objects, then the rest."""
    dice, drawn = Dice(seed), count - len(CONTENTS) - 1
    built = max(len(INPUTS), drawn // 2)
    kinds, objects = list(INPUTS), list(CONTEXTS)
    cases = [_built(dice, kinds[turn % len(kinds)], turn) for turn in range(built)]
    while len(cases) < drawn:
        cases.extend(_judged(dice, objects[len(cases) % len(objects)], len(cases))[: drawn - len(cases)])
    cases.append(_refused("record", str(len(cases)), "a device of both", shared_device_context(dice)))
    for what, more in CONTENTS:
        cases.append(_refused("envelope", str(len(cases)), what, content_context(dice, **more)))
    return {
        "format": "e2c-vectors", "version": 1, "protocol": "e2c/1", "set": f"own-{seed}", "count": len(cases),
        "cases": cases,
    }  # fmt: skip


def _built(dice: Dice, kind: str, turn: int) -> Given:
    given = INPUTS[kind](dice)
    if kind == "message":
        given["ck0"] = ck0_of(given)
    out = as_json(BUILDERS[kind](given))
    if kind == "message" and out["envelope_len"] > LONGEST_ENVELOPE:
        del out["envelope"]
    return {"id": f"{kind}-{turn}", "type": kind, "in": given, "out": out}


def _judged(dice: Dice, name: str, turn: int) -> list[Given]:
    """An accepted object, one with damaged bytes, and one in a context that refuses it."""
    given = CONTEXTS[name](dice)
    JUDGES[name](given)
    accepted = {"id": f"accept-{name}-{turn}", "type": "accept", "object": name, "what": "as made", "in": given}
    damaged = [_damage_bytes(dice, name, given), _damage_context(dice, name, given)]
    return [accepted, *(_refused(name, f"{turn}-{i}", what, bad) for i, (what, bad) in enumerate(damaged))]


def _refused(name: str, number: str, what: str, given: Given) -> Given:
    case = {"id": f"refuse-{name}-{number}", "type": "refuse", "object": name, "what": what, "in": given}
    try:
        JUDGES[name](given)
    except ProtocolError as error:
        return {**case, "error": error.code}
    return {**case, "type": "accept", "id": f"accept-{name}-{number}"}


def _damage_bytes(dice: Dice, name: str, given: Given) -> tuple[str, Given]:
    data, what = bytearray.fromhex(given[name]), ("a bit flipped", "cut", "extended")[dice.below(3)]
    if what == "cut":
        del data[dice.below(len(data)) :]
    elif what == "extended":
        data.append(dice.below(256))
    else:
        data[dice.below(len(data))] ^= 1 << dice.below(8)
    return what, {**given, name: data.hex()}


def _damage_context(dice: Dice, name: str, given: Given) -> tuple[str, Given]:
    bad, damages = copy.deepcopy(given), CONTEXT_DAMAGES[name]
    damages[dice.below(len(damages))](bad)
    return "other context", bad


def _flip(given: Given, name: str) -> None:
    data = bytearray.fromhex(given[name])
    data[0] ^= 1
    given[name] = data.hex()


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a set of generated e2c/1 vectors to standard output.")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=60)
    arguments = parser.parse_args()
    json.dump(generate(arguments.seed, arguments.count), sys.stdout, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    main()
