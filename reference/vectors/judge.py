"""The receiving side of accept and refuse cases: gives the object and its context to the reference implementation."""

from collections.abc import Callable
from typing import Any

from reference.account import import_account
from reference.attachment import make_blob, open_blob
from reference.bundle import accept_bundle, parse_bundle
from reference.chain import Chain, Skipped, message_secret, next_head, start_chain
from reference.envelope import Epoch, open_message
from reference.epochs import Directory, EpochState, OwnDevice
from reference.keyfile import open_keyfile, parse_keyfile, stretch
from reference.log import accept_head
from reference.prekeys import accept_prekey
from reference.primitives import ed25519_public
from reference.receive import receive_record

Given = dict[str, Any]
NOW_MS = 0  # no verdict about an envelope hangs on it


def unhex(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


def plaintext(spec: Given) -> bytes:
    """`zero` = zero bytes; `mod251` = byte i is i mod 251."""
    length = int(spec["length"])
    return bytes(length) if spec["pattern"] == "zero" else (bytes(range(251)) * (length // 251 + 1))[:length]


def judge_bundle(given: Given) -> None:
    previous = parse_bundle(bytes.fromhex(given["prev_bundle"])) if given["prev_bundle"] else None
    accept_bundle(
        bytes.fromhex(given["bundle"]), uid=bytes.fromhex(given["uid"]), name=given["name"], previous=previous
    )  # fmt: skip


def judge_head(given: Given) -> None:
    accept_head(
        bytes.fromhex(given["head"]),
        bytes.fromhex(given["sig"]),
        log_pub=bytes.fromhex(given["lg_pub"]),
        own_leaves=[bytes.fromhex(leaf) for leaf in given["own_leaves"]],
        new_leaves=[bytes.fromhex(leaf) for leaf in given["new_leaves"]],
        now_ms=given["now_ms"],
        my_name=given["my_name"],
        my_bundle_hashes=[bytes.fromhex(digest) for digest in given["my_bundle_hashes"]],
    )


def judge_prekey(given: Given) -> None:
    accept_prekey(
        bytes.fromhex(given["prekey"]),
        bytes.fromhex(given["sig"]),
        uid=bytes.fromhex(given["uid"]),
        did=bytes.fromhex(given["did"]),
        ds_pub=bytes.fromhex(given["ds_pub"]),
        now_ms=given["now_ms"],
    )


def judge_record(given: Given) -> None:
    device, state, directory = record_context(given["state"])
    receive_record(bytes.fromhex(given["record"]), device=device, state=state, directory=directory)


def record_context(state: Given) -> tuple[OwnDevice, EpochState, Directory]:
    """What the receiver of a record knows, from a case's `state`."""
    bundles = [parse_bundle(bytes.fromhex(data)) for data in state["bundles"]]
    device = OwnDevice(
        bytes.fromhex(state["uid"]),
        bytes.fromhex(state["did"]),
        bytes.fromhex(state["dk_seed"]),
        {prekey["id"]: bytes.fromhex(prekey["seed"]) for prekey in state["spks"]},
        {prekey["id"]: bytes.fromhex(prekey["seed"]) for prekey in state["opks"]},
    )
    epochs = EpochState(
        bytes.fromhex(state["cid"]),
        bytes.fromhex(state["uid_lo"]),
        bytes.fromhex(state["uid_hi"]),
        epoch=state["epoch"],
        th=bytes.fromhex(state["th"]),
        next=unhex(state["next"]),
        leaf_seed=unhex(state["leaf_seed"]),
        leafs=None
        if state["leafs"] is None
        else {bytes.fromhex(leaf["did"]): bytes.fromhex(leaf["pub"]) for leaf in state["leafs"]},
        records={record["epoch"]: bytes.fromhex(record["sha256"]) for record in state["records"]},
        counters={bytes.fromhex(entry["did"]): entry["next_counter"] for entry in state["counters"]},
    )
    leaves = tuple(bytes.fromhex(leaf) for leaf in state["log_leaves"])
    return device, epochs, Directory({bundle.hash: bundle for bundle in bundles}, leaves)


def judge_envelope(given: Given) -> None:
    epochs = {
        entry["epoch"]: Epoch(bytes.fromhex(entry["th"]), frozenset(_member(member) for member in entry["members"]))
        for entry in given["epochs"]
    }
    open_message(
        bytes.fromhex(given["envelope"]),
        cid=bytes.fromhex(given["cid"]),
        sender=_member(given["sender"]),
        epochs=epochs,
        chains=_chains(given),
        now_ms=NOW_MS,
    )


def _chains(given: Given) -> dict[tuple[int, bytes], Chain]:
    progress = {(chain["epoch"], chain["did"]): chain for chain in given["chains"]}
    return {
        (entry["epoch"], bytes.fromhex(member["did"])): _chain_at(
            start_chain(bytes.fromhex(entry["k_msg"]), *_member(member)),
            progress.get((entry["epoch"], member["did"]), {"next_counter": 0, "seen": []}),
        )
        for entry in given["epochs"]
        for member in entry["members"]
    }


def _chain_at(chain: Chain, progress: Given) -> Chain:
    """The chain after `next_counter` messages of which only `seen` arrived."""
    seen = {entry["counter"]: bytes.fromhex(entry["mid"]) for entry in progress["seen"]}
    head, skipped = chain.head, {}
    for counter in range(progress["next_counter"]):
        if counter not in seen:
            skipped[counter] = Skipped(message_secret(head), NOW_MS + 1)
        head = next_head(head)
    return Chain(head, progress["next_counter"], skipped, seen)


def _member(entry: Given) -> tuple[bytes, bytes]:
    return bytes.fromhex(entry["uid"]), bytes.fromhex(entry["did"])


def judge_blob(given: Given) -> None:
    fk = bytes.fromhex(given["fk"])
    open_blob(_blob(given), fk=fk, size=given["size"], blob_hash=bytes.fromhex(given["hash"]))


def _blob(given: Given) -> bytes:
    if "blob" in given:
        return bytes.fromhex(given["blob"])
    spec = given["blob_spec"]
    blob = make_blob(plaintext(spec["plaintext"]), fk=bytes.fromhex(spec["fk"]), fsalt=bytes.fromhex(spec["fsalt"]))
    return blob[: spec["truncate_to"]]


def judge_keyfile(given: Given) -> None:
    data, account = bytes.fromhex(given["keyfile"]), given.get("account")
    if account is None:
        keyfile = parse_keyfile(data)
        open_keyfile(keyfile, stretch(given["passphrase"], keyfile.salt, keyfile.iterations))
        return
    root_pub = ed25519_public(bytes.fromhex(account["root_seed"]))
    import_account(
        data, given["passphrase"], uid=bytes.fromhex(account["uid"]), name=account["name"], root_pub=root_pub
    )  # fmt: skip


JUDGES: dict[str, Callable[[Given], None]] = {
    "bundle": judge_bundle,
    "head": judge_head,
    "prekey": judge_prekey,
    "record": judge_record,
    "envelope": judge_envelope,
    "blob": judge_blob,
    "keyfile": judge_keyfile,
}
