"""Builds a message case: seals the content at its counter and opens the envelope again."""

import json
from typing import Any

from reference.chain import Chain, message_secret, next_head, start_chain
from reference.envelope import Epoch, message_keys, mid_of, open_message, parse_header, seal_message
from reference.padding import padme
from reference.primitives import sha256

Given = dict[str, Any]


def build_message(given: Given) -> Given:
    cid, th, uid, did, k_msg, salt = (
        bytes.fromhex(given[name]) for name in ("cid", "th", "uid", "did", "k_msg", "salt")
    )  # fmt: skip
    content = _content(given)
    chain = start_chain(k_msg, uid, did)
    assert chain.head.hex() == given["ck0"]
    at = _jump(chain, given["counter"])
    envelope, _ = seal_message(
        content, chain=at, cid=cid, epoch=given["epoch"], th=th, uid=uid, did=did, salt=salt
    )  # fmt: skip
    header = parse_header(envelope)
    keys = message_keys(message_secret(at.head), header)
    opened = open_message(
        envelope,
        cid=cid,
        sender=(uid, did),
        epochs={given["epoch"]: Epoch(th, frozenset({(uid, did)}))},
        chains={(given["epoch"], did): at},
        now_ms=0,
    )
    assert opened.content.fields == json.loads(content)
    return {
        "msk": message_secret(at.head),
        "header": header.encode(),
        "key": keys.key,
        "nonce": keys.nonce,
        "commit": keys.commit,
        "padded_len": padme(len(content) + 1),
        "content_len": len(content),
        "envelope": envelope,
        "envelope_len": len(envelope),
        "envelope_sha256": sha256(envelope),
        "mid": mid_of(envelope),
    }


def _content(given: Given) -> bytes:
    if "content" in given:
        return str(given["content"]).encode()
    return "".join(text * times for text, times in given["content_parts"]).encode()


def _jump(chain: Chain, counter: int) -> Chain:
    head = chain.head
    for _ in range(counter):
        head = next_head(head)
    return Chain(head, counter)
