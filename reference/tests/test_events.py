"""What a client makes of the server's sequence when something is missing in it, late or there twice."""

from dataclasses import replace

import pytest

from reference import propose, talk, wire, wish
from reference.encoding import label
from reference.errors import ProtocolError
from reference.notary import Notary
from reference.record import encode_core, parse_record
from reference.schedule import seal_wrap
from reference.tests.test_talk import CONTENT_ID
from reference.tests.world import OPKS, PASSPHRASE, Server, browser, one_round, read, talking

DAMAGES = [
    (lambda record: record[:-1] + bytes([record[-1] ^ 1]), "BAD_CONFIRM"),
    (lambda record: record[:-1], "BAD_ENCODING"),
]


HISTORY_WRAP = label("hwrap")
FORGERIES = [
    (lambda *_: bytes(48), "BAD_TAG"),
    (lambda shared, info, _: seal_wrap(shared, info, bytes(32)), "BAD_CONFIRM"),
]


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    one_round(monkeypatch)


@pytest.fixture
def new_epochs(monkeypatch):
    """From here on whoever wrote in an epoch begins the next one before the next message."""
    return lambda: monkeypatch.setattr(wish, "REFRESH_AFTER_MESSAGES", 1)


def sealed(client, cid, text):
    """An envelope of the present epoch that is not posted."""
    return client.exchanges[cid].seal({"t": "text", "body": text}, CONTENT_ID)[1]


def inject(server, client, cid, blob, kind=wire.MESSAGE):
    return server.order(cid, kind, client.uid, client.person.keyring.device.did, "injected", blob)


async def caught_up(client, cid):
    await client.catch_up(cid)
    return read(client)


async def history(server, client, cid):
    """What a new browser reads of it with the key file."""
    new = browser(server, client.person.name)
    await new.restore(client.export_keyfile(PASSPHRASE), PASSPHRASE, opks=OPKS)
    return read(new)


@pytest.mark.asyncio
async def test_who_withholds_does_not_freeze_the_conversation(new_epochs):
    server = Server()
    alice, bob, cid = await talking(server)
    await bob.send(cid, "kept")
    await bob.send(cid, "withheld")
    server.withheld[alice.uid] = [server.events[cid][-1]]
    new_epochs()
    await bob.send(cid, "later")
    assert await caught_up(alice, cid) == ["hi", "kept", "MESSAGES_WITHHELD", "later"]
    await alice.send(cid, "goes on")
    assert await caught_up(bob, cid) == ["hello", "goes on"]


@pytest.mark.asyncio
async def test_a_record_is_tried_again_only_when_something_is_withheld(monkeypatch):
    server = Server()
    alice, bob, cid = await talking(server)
    tried = []
    receive = talk.receive_record
    monkeypatch.setattr(talk, "receive_record", lambda *a, **k: (tried.append(k.keys()), receive(*a, **k))[1])
    await bob.set_timer(cid, 3600)
    assert await caught_up(alice, cid) == ["hi", "MODE_CHANGED"]
    assert len(tried) == 1


@pytest.mark.asyncio
async def test_a_message_of_an_ended_epoch_is_refused_live_and_in_history(new_epochs):
    server = Server()
    alice, bob, cid = await talking(server)
    await alice.send(cid, "old keys")
    late = sealed(bob, cid, "late")
    new_epochs()
    await alice.send(cid, "new keys")
    inject(server, bob, cid, late)
    assert await caught_up(alice, cid) == ["hi", "NO_EPOCH_KEY"]
    assert {epoch for epoch, _ in alice.exchanges[cid].talk.chains} == set(alice.exchanges[cid].talk.epochs) == {2}
    assert await history(server, alice, cid) == ["hello", "hi", "old keys", "new keys", "NO_EPOCH_KEY"]


@pytest.mark.asyncio
async def test_before_the_epoch_ends_the_same_message_counts():
    server = Server()
    alice, bob, cid = await talking(server)
    inject(server, bob, cid, sealed(bob, cid, "in time"))
    await alice.send(cid, "the same keys")
    assert await caught_up(alice, cid) == ["hi", "in time"]


@pytest.mark.asyncio
async def test_a_record_that_is_refused_ends_nothing():
    server = Server()
    alice, bob, cid = await talking(server)
    await bob.set_timer(cid, 3600)
    record = server.events[cid].pop().blob
    inject(server, bob, cid, record[:-1] + bytes([record[-1] ^ 1]), kind=wire.RECORD)
    await alice.catch_up(cid)
    assert read(alice) == ["hi", "BAD_CONFIRM"]
    assert set(alice.exchanges[cid].talk.epochs) == {1}


@pytest.mark.parametrize(("damage", "code"), DAMAGES)
@pytest.mark.asyncio
async def test_a_record_that_is_refused_counts_and_a_restart_goes_on(new_epochs, damage, code):
    server = Server()
    alice, bob, cid = await talking(server)
    new_epochs()
    await bob.send(cid, "lost")
    server.events[cid][-2] = replace(server.events[cid][-2], blob=damage(server.events[cid][-2].blob))
    assert await caught_up(alice, cid) == ["hi", code, "NO_EPOCH_KEY"]
    await alice.send(cid, "goes on")
    assert await caught_up(bob, cid) == ["hello", "RESTART_SUSPECT", "goes on"]
    await bob.send(cid, "heard")
    assert await caught_up(alice, cid) == ["heard"]
    assert await history(server, alice, cid) == ["hello", "hi", code, "NO_EPOCH_KEY", "goes on", "heard"]


@pytest.mark.parametrize("timer_s", [0, 3600])
@pytest.mark.asyncio
async def test_who_only_looks_on_judges_the_log_of_a_record_as_well(new_epochs, monkeypatch, timer_s):
    server = Server()
    alice, bob, cid = await talking(server)
    monkeypatch.setattr(talk, "root", lambda leaves: bytes(32))
    new_epochs()
    bob.exchanges[cid].talk.timer_wish = timer_s
    await bob.send(cid, "over another log")
    assert await history(server, alice, cid) == ["hello", "hi", "LOG_SPLIT_VIEW", "NO_EPOCH_KEY"]


@pytest.mark.parametrize(("forged", "code"), FORGERIES)
@pytest.mark.asyncio
async def test_a_history_key_that_does_not_fit_is_told_and_shuts_nobody_out(new_epochs, monkeypatch, forged, code):
    server = Server()
    alice, bob, cid = await talking(server)
    before = dict(bob.exchanges[cid].talk.chains)
    late = sealed(bob, cid, "under ended keys")
    bob.exchanges[cid].talk.chains = before  # no record counts it
    new_epochs()

    def seal(shared, info, secret):
        is_hers = info.startswith(HISTORY_WRAP) and alice.uid in info
        return (forged if is_hers else seal_wrap)(shared, info, secret)

    with monkeypatch.context() as patched:
        patched.setattr(propose, "seal_wrap", seal)
        await bob.send(cid, "for members only")
    inject(server, bob, cid, late)
    assert await caught_up(alice, cid) == ["hi", "for members only", "NO_EPOCH_KEY"]
    later = browser(server, "alice")
    await later.restore(alice.export_keyfile(PASSPHRASE), PASSPHRASE, opks=OPKS)
    assert read(later) == ["hello", "hi", code, "NO_EPOCH_KEY", "NO_EPOCH_KEY"]
    alice.person.notary.expect_news()
    await alice.send(cid, "come in")
    assert await caught_up(later, cid) == ["come in"]


@pytest.mark.asyncio
async def test_a_record_over_an_older_bundle_than_its_log_has_is_refused(new_epochs, monkeypatch):
    server = Server()
    alice, bob, cid = await talking(server)
    await browser(server, "alice").restore(alice.export_keyfile(PASSPHRASE), PASSPHRASE, opks=OPKS)
    bob.person.notary.expect_news()
    monkeypatch.setattr(Notary, "usable", lambda notary, uid: notary.chains[uid][0])
    new_epochs()
    await bob.send(cid, "to fewer")
    assert await caught_up(alice, cid) == ["hi", "DEVICE_ADDED", "STALE_BUNDLE", "NO_EPOCH_KEY"]


@pytest.mark.asyncio
async def test_a_refused_record_of_another_number_moves_nothing():
    server = Server()
    alice, bob, cid = await talking(server)
    record = server.events[cid][-2].blob
    core = parse_record(record).core
    ahead = record.replace(encode_core(core), encode_core(replace(core, epoch=7)))
    inject(server, bob, cid, ahead, kind=wire.RECORD)
    assert await caught_up(alice, cid) == ["hi", "EPOCH_GAP"]
    state = alice.exchanges[cid].talk.state
    assert (state.epoch, state.next is None) == (1, False)


@pytest.mark.asyncio
async def test_history_opens_every_epoch_in_its_turn(new_epochs):
    server = Server()
    alice, bob, cid = await talking(server)
    new_epochs()
    for number in range(4):
        await (alice, bob)[number % 2].send(cid, f"text {number}")
        await (bob, alice)[number % 2].catch_up(cid)
    assert alice.exchanges[cid].talk.state.epoch >= 3
    assert await history(server, alice, cid) == ["hello", "hi", *(f"text {number}" for number in range(4))]


@pytest.mark.parametrize("off", [-1, 1])
@pytest.mark.asyncio
async def test_clocks_that_differ_are_told_of_once_until_they_agree(off):
    server = Server()
    alice, bob, cid = await talking(server)
    read(alice)
    for minutes, told in ((4, []), (6, ["CLOCK_SKEW"]), (6, []), (0, []), (6, ["CLOCK_SKEW"])):
        server.clock_off_ms = off * minutes * 60_000
        await bob.send(cid, "said")
        assert await caught_up(alice, cid) == ["said", *told]
        await alice.send(cid, "one's own tells of nothing")
        await bob.catch_up(cid)
    assert read(bob).count("CLOCK_SKEW") == 2


@pytest.mark.parametrize(("timer_s", "told"), [(0, ["SEQ_GAP"]), (3600, [])])
@pytest.mark.asyncio
async def test_a_tombstone_is_a_gap_unless_a_timer_makes_it(timer_s, told):
    server = Server()
    alice, bob, cid = await talking(server)
    await bob.set_timer(cid, timer_s)
    await alice.catch_up(cid)
    read(alice)
    await bob.send(cid, "gone")
    server.events[cid][-1] = replace(server.events[cid][-1], blob=b"")
    assert await caught_up(alice, cid) == told


async def doubted(server, client, cid):
    link = next(link for link in server.links if link.uid == client.uid)
    link.on_doubt(cid)
    await client._hearing[cid]
    return read(client)


@pytest.mark.parametrize("lost", [0, 1, 2])
@pytest.mark.asyncio
async def test_a_past_that_was_written_anew_stops_the_conversation_while_it_lasts(lost):
    server = Server()
    alice, bob, cid = await talking(server)
    for text in ("one", "two"):
        await bob.send(cid, text)
    assert await caught_up(alice, cid) == ["hi", "one", "two"]
    known = list(server.events[cid])
    del server.events[cid][len(known) - lost :]
    inject(server, bob, cid, sealed(bob, cid, "instead"))
    assert await doubted(server, alice, cid) == (["SEQ_REWRITE"] if lost else ["instead"])
    stored = len(server.events[cid])
    if lost:
        for work in (alice.catch_up(cid), alice.send(cid, "too much"), alice.settle(cid)):
            with pytest.raises(ProtocolError, match="SEQ_REWRITE"):
                await work
        assert await doubted(server, alice, cid) == []
        assert len(server.events[cid]) == stored
        server.events[cid] = known
        assert await doubted(server, alice, cid) == []
    await alice.send(cid, "goes on")


@pytest.mark.parametrize("sends", [True, False])
@pytest.mark.asyncio
async def test_whatever_is_known_here_last_is_what_must_still_be_there(sends):
    server = Server()
    alice, _bob, cid = await talking(server)
    await alice.set_timer(cid, 3600)
    if sends:
        await alice.send(cid, "gone")
    read(alice)
    last = server.events[cid][-1]
    server.events[cid][-1] = replace(last, blob=b"")
    assert await doubted(server, alice, cid) == []
    server.events[cid][-1] = replace(last, blob=b"", sha256=bytes(32))
    assert await doubted(server, alice, cid) == ["SEQ_REWRITE"]


@pytest.mark.asyncio
async def test_a_gap_of_the_sequence_is_told_once_while_it_lasts():
    server = Server()
    alice, bob, cid = await talking(server)
    read(alice)
    link, honest = server.links[0], server.given_to
    assert link.uid == alice.uid
    for text in ("one", "two"):
        await bob.send(cid, text)
        head = len(server.events[cid])
        server.given_to = lambda *asked, head=head: [replace(item, seq=head + 1) for item in honest(*asked)]
        for _ in range(2):
            link.on_news({cid: head}, 0)
            await alice._hearing[cid]
        assert read(alice) == ["SEQ_GAP"]
        server.given_to = honest
        link.on_news({cid: head}, 0)
        await alice._hearing[cid]
        assert read(alice) == [text]
    assert alice._hearing == {}
