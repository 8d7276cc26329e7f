"""Message chains: one per device and epoch, forward only (section 7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from reference.encoding import ZERO32, label
from reference.errors import ProtocolError, require
from reference.primitives import kdf, mac

MAX_AHEAD = 2000
SKIPPED_KEPT_MS = 14 * 24 * 60 * 60 * 1000
MAX_SKIPPED = 2000
COUNTER_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Skipped:
    """The MSK of a message that was jumped over, kept until a time in milliseconds."""

    secret: bytes = field(repr=False)
    until_ms: int


@dataclass(frozen=True, slots=True)
class Chain:
    """`head` = CK_{next_counter}; `skipped`: counter -> what was jumped over; `seen`: counter -> mid.

    `given_up`: the lowest counter whose secret is not kept any more, though its message never came.
    """

    head: bytes = field(repr=False)
    next_counter: int = 0
    skipped: Mapping[int, Skipped] = field(default_factory=dict)
    seen: Mapping[int, bytes] = field(default_factory=dict)
    given_up: int | None = None

    @property
    def without_gap(self) -> int:
        """How many messages arrived from counter 0 on without gap: what `ack` and finals report."""
        return min((*self.skipped, *_known(self.given_up)), default=self.next_counter)


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


def secret_at(chain: Chain, counter: int, now_ms: int) -> tuple[bytes, Chain]:
    """MSK_counter and the chain that no longer holds it; NO_EPOCH_KEY when a skipped secret was already given up."""
    if counter < chain.next_counter:
        return _skipped_secret(chain, counter)
    head, skipped = chain.head, dict(chain.skipped)
    for passed in range(chain.next_counter, counter):
        skipped[passed] = Skipped(message_secret(head), now_ms + SKIPPED_KEPT_MS)
        head = next_head(head)
    grown = replace(chain, head=next_head(head), next_counter=counter + 1, skipped=skipped)
    return message_secret(head), _keeping(grown, sorted(skipped)[-MAX_SKIPPED:])


def forget_old(chain: Chain, now_ms: int) -> Chain:
    """Without the skipped secrets whose time is over."""
    return _keeping(chain, [counter for counter, one in chain.skipped.items() if one.until_ms > now_ms])


def mark_seen(chain: Chain, counter: int, mid: bytes) -> Chain:
    return replace(chain, seen={**chain.seen, counter: mid})


def _skipped_secret(chain: Chain, counter: int) -> tuple[bytes, Chain]:
    if counter not in chain.skipped:
        raise ProtocolError("NO_EPOCH_KEY")
    skipped = {passed: one for passed, one in chain.skipped.items() if passed != counter}
    return chain.skipped[counter].secret, replace(chain, skipped=skipped)


def _keeping(chain: Chain, counters: Sequence[int]) -> Chain:
    """Of what was skipped these; the others count as never come."""
    kept = {counter: chain.skipped[counter] for counter in counters}
    given_up = min((*(chain.skipped.keys() - kept), *_known(chain.given_up)), default=None)
    return replace(chain, skipped=kept, given_up=given_up)


def _known(counter: int | None) -> tuple[int, ...]:
    return () if counter is None else (counter,)
