"""Message chains: one per device and epoch, forward only (section 7)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reference.encoding import ZERO32, label
from reference.errors import ProtocolError, require
from reference.primitives import kdf, mac

MAX_AHEAD = 2000
MAX_SKIPPED = 2000
COUNTER_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Chain:
    """`head` = CK_{next_counter}; `skipped`: counter -> MSK of what was jumped over; `seen`: counter -> mid."""

    head: bytes = field(repr=False)
    next_counter: int = 0
    skipped: Mapping[int, bytes] = field(default_factory=dict, repr=False)
    seen: Mapping[int, bytes] = field(default_factory=dict)

    @property
    def without_gap(self) -> int:
        """How many messages arrived from counter 0 on without gap: what `ack` and finals report."""
        return min(self.skipped, default=self.next_counter)


def start_chain(k_msg: bytes, uid: bytes, did: bytes) -> Chain:
    """The chain at CK_0."""
    return Chain(kdf(k_msg, ZERO32, label("chain") + uid + did, 32))


def message_secret(head: bytes) -> bytes:
    """MSK_n of CK_n."""
    return mac(head, b"\x01")


def next_head(head: bytes) -> bytes:
    """CK_{n+1} of CK_n."""
    return mac(head, b"\x02")


def check_counter(chain: Chain, counter: int, mid: bytes) -> None:
    """DUPLICATE, COUNTER_REUSE or COUNTER_TOO_FAR, before anything is derived."""
    if counter in chain.seen:
        raise ProtocolError("DUPLICATE" if chain.seen[counter] == mid else "COUNTER_REUSE")
    require(counter <= chain.next_counter + MAX_AHEAD and counter < COUNTER_LIMIT, "COUNTER_TOO_FAR")


def secret_at(chain: Chain, counter: int) -> tuple[bytes, Chain]:
    """MSK_counter and the chain that no longer holds it; NO_EPOCH_KEY when a skipped secret was already given up."""
    if counter < chain.next_counter:
        return _skipped_secret(chain, counter)
    head, skipped = chain.head, dict(chain.skipped)
    for passed in range(chain.next_counter, counter):
        skipped[passed] = message_secret(head)
        head = next_head(head)
    kept = dict(sorted(skipped.items())[-MAX_SKIPPED:])
    return message_secret(head), replace(chain, head=next_head(head), next_counter=counter + 1, skipped=kept)


def mark_seen(chain: Chain, counter: int, mid: bytes) -> Chain:
    return replace(chain, seen={**chain.seen, counter: mid})


def _skipped_secret(chain: Chain, counter: int) -> tuple[bytes, Chain]:
    if counter not in chain.skipped:
        raise ProtocolError("NO_EPOCH_KEY")
    skipped = {passed: secret for passed, secret in chain.skipped.items() if passed != counter}
    return chain.skipped[counter], replace(chain, skipped=skipped)
