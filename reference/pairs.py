"""Whose chat it is: a server names whom it likes (section 13, SECOND_CHAT)."""

from collections.abc import Mapping
from typing import Any

Pair = tuple[bytes, bytes]  # uid_lo, uid_hi


class ChatRefused(Exception):
    """The server's chat is none with that person alone (BAD_ANSWER), or not the only one of the pair (SECOND_CHAT)."""


def pair_of(found: Mapping[str, Any]) -> Pair:
    """As the server says."""
    lo, hi = found["uids"]
    return bytes.fromhex(lo), bytes.fromhex(hi)


def check_chat(found: Mapping[str, Any], pair: Pair, *, known: Mapping[bytes, Pair]) -> bytes:
    """The cid of the one chat of this pair, beside those that are known. ChatRefused."""
    cid = bytes.fromhex(found["cid"])
    if pair_of(found) != pair or known.get(cid, pair) != pair:
        raise ChatRefused("BAD_ANSWER")
    if any(other == pair for chat, other in known.items() if chat != cid):
        raise ChatRefused("SECOND_CHAT")
    return cid
