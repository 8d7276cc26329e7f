"""What shows that a log of keys says different things, as a file that a person can hand on (section 13).

In the page's words: JSON in which everything is public but who wrote with whom.
"""

import json
from typing import Any

from reference.archive import SIG_BYTES
from reference.encoding import b64
from reference.merkle import root
from reference.notary import Notary
from reference.record import parse_record

WHAT = "evidence of a log of keys that differs"
FOUND_MOST = 20  # the first ones stay: a server that lies on and on adds nothing


class Evidence:
    """Collects what `notary` refused, and records over another log, each once."""

    def __init__(self, notary: Notary) -> None:
        self._notary = notary
        self._found: dict[str, dict[str, Any]] = {}

    def keep_head(self, code: str, now_ms: int) -> None:
        """The head that was refused last, if one was."""
        refused = self._notary.refused
        if refused is not None:
            self._keep(refused.hex(), {"code": code, "theirs": _signed(refused)}, now_ms)

    def keep_record(self, blob: bytes, where: dict[str, Any], now_ms: int) -> None:
        """`where`: cid, seq, uid and did, as text and number."""
        core, leaves = parse_record(blob).core, self._notary.leaves
        here = b64(root(leaves[: core.log_size])) if core.log_size <= len(leaves) else None
        theirs = {"log_size": core.log_size, "log_root": b64(core.log_root), "root_here": here, "record": b64(blob)}
        self._keep(blob.hex(), {"code": "LOG_SPLIT_VIEW", "from": where, "theirs": theirs}, now_ms)

    def file(self, origin: str, now_ms: int) -> bytes | None:
        """None: nothing was found."""
        if not self._found:
            return None
        log_pub = self._notary.log_pub
        about = {"v": 1, "what": WHAT, "origin": origin, "lg_pub": log_pub and b64(log_pub), "made": now_ms}
        return json.dumps({**about, "found": list(self._found.values())}, indent=1).encode()

    def _keep(self, name: str, what: dict[str, Any], now_ms: int) -> None:
        if len(self._found) < FOUND_MOST and name not in self._found:
            leaves, head = self._notary.leaves, self._notary.head
            mine = {**_signed(head), "log_size": len(leaves), "log_root": b64(root(leaves))}
            self._found[name] = {**what, "at": now_ms, "mine": mine}


def _signed(head: bytes | None) -> dict[str, str]:
    """A head with its signature behind it."""
    return {} if head is None else {"head": b64(head[:-SIG_BYTES]), "sig": b64(head[-SIG_BYTES:])}
