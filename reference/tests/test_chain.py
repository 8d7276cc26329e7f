"""What a chain keeps of messages that were jumped over, and for how long (section 7)."""

import pytest

from reference import exchange
from reference.chain import MAX_SKIPPED, SKIPPED_KEPT_MS, Chain, forget_old, secret_at
from reference.errors import ProtocolError
from reference.person import now_ms
from reference.tests.test_events import caught_up, inject, sealed
from reference.tests.world import Server, one_round, talking

HEAD = bytes(32)


def jumped(counter, at_ms=0, chain=None):
    """The chain behind a message with this counter."""
    return secret_at(chain or Chain(HEAD), counter, at_ms)[1]


def is_lost(chain, counter):
    with pytest.raises(ProtocolError, match="NO_EPOCH_KEY"):
        secret_at(chain, counter, 0)
    return True


def test_a_late_message_opens_for_fourteen_days():
    chain = jumped(2)
    assert secret_at(forget_old(chain, SKIPPED_KEPT_MS - 1), 1, 0)[0] == secret_at(Chain(HEAD), 1, 0)[0]
    assert is_lost(forget_old(chain, SKIPPED_KEPT_MS), 1)


def test_each_gap_has_its_own_time():
    chain = forget_old(jumped(4, at_ms=10, chain=jumped(2)), SKIPPED_KEPT_MS)
    assert set(chain.skipped) == {3}
    assert is_lost(chain, 1)


def test_what_was_given_up_is_never_counted_as_received():
    chain = jumped(1)
    assert forget_old(chain, SKIPPED_KEPT_MS).without_gap == chain.without_gap == 0
    later = jumped(MAX_SKIPPED + 1, chain=jumped(1))
    assert len(later.skipped) == MAX_SKIPPED
    assert jumped(MAX_SKIPPED + 3, chain=later).without_gap == 0


@pytest.mark.parametrize(("passed", "told"), [(-1_000_000, "late"), (1_000_000, "NO_EPOCH_KEY")])
@pytest.mark.asyncio
async def test_a_client_opens_what_comes_within_fourteen_days(monkeypatch, passed, told):
    one_round(monkeypatch)
    server = Server()
    alice, bob, cid = await talking(server)
    late = sealed(bob, cid, "late")
    await bob.send(cid, "in time")
    assert await caught_up(alice, cid) == ["hi", "COUNTER_GAP", "in time"]
    inject(server, bob, cid, late)
    monkeypatch.setattr(exchange, "now_ms", lambda: now_ms() + SKIPPED_KEPT_MS + passed)
    assert await caught_up(alice, cid) == [told]
    assert alice.exchanges[cid].talk.progress()[bob.person.keyring.device.did] == (3 if told == "late" else 1)
