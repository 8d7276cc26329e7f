"""The whole way of a message: two people at a real server, and a server that learns nothing of what they write."""

import asyncio

import pytest

from reference.client import Changed, Client, Message, Problem
from tests.server import running_server

PASSPHRASE = "correct horse battery staple"
WAIT_SECONDS = 30


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running_server(tmp_path_factory.mktemp("journey")) as running:
        yield running


async def person(server, name):
    client = await Client.sign_up(server.origin, name, f"a long password of {name} 4711")
    client.make_keys(opks=12)
    await client.publish()
    return client


async def texts(client, count):
    """The next `count` texts, in the order in which they came out; anything else fails the test."""
    read = []
    async with asyncio.timeout(WAIT_SECONDS):
        async for event in client.events():
            assert isinstance(event, Message), event
            read.append(event.text)
            if len(read) == count:
                return read


def stored_bytes(server):
    return b"".join(
        path.read_bytes() for path in server.folder.rglob("*") if path.is_file() and "static" not in path.parts
    )


@pytest.mark.asyncio
async def test_texts_arrive_in_order_and_the_server_cannot_read_them(server):
    alice, bob = await person(server, "alice"), await person(server, "bob")
    try:
        cid = await alice.start(bob.uid)
        hers = [f"plaintext-of-alice-{number}" for number in range(5)]
        for text in hers:
            await alice.send(cid, text)
        assert await texts(bob, 5) == hers
        his = [f"plaintext-of-bob-{number}" for number in range(5)]
        for text in his:
            await bob.send(cid, text)
        assert await texts(alice, 5) == his
        await alice.send(cid, "plaintext-after-two-epochs")
        assert await texts(bob, 1) == ["plaintext-after-two-epochs"]
    finally:
        await alice.close()
        await bob.close()
    kept = stored_bytes(server)
    assert b"bob" in kept
    assert b"plaintext-" not in kept


@pytest.mark.asyncio
async def test_both_may_write_at_once(server):
    carol, dave = await person(server, "carol"), await person(server, "dave")
    try:
        cid = await carol.start(dave.uid)
        await dave.start(carol.uid)
        hers, his = [f"carol {number}" for number in range(6)], [f"dave {number}" for number in range(6)]

        async def write(client, lines):
            for line in lines:
                await client.send(cid, line)

        await asyncio.gather(write(carol, hers), write(dave, his))
        assert (await texts(carol, 6), await texts(dave, 6)) == (his, hers)
    finally:
        await carol.close()
        await dave.close()


@pytest.mark.asyncio
async def test_a_key_file_gives_a_new_browser_the_history_and_a_place_in_the_chat(server):
    erin, frank = await person(server, "erin"), await person(server, "frank")
    new = None
    try:
        cid = await erin.start(frank.uid)
        await erin.send(cid, "before the new browser")
        assert await texts(frank, 1) == ["before the new browser"]
        await frank.send(cid, "also before")
        assert await texts(erin, 1) == ["also before"]

        data = erin.export_keyfile(PASSPHRASE)
        new = await Client.log_in(server.origin, erin.person.credentials)
        await new.restore(data, PASSPHRASE, opks=12)
        assert await texts(new, 2) == ["before the new browser", "also before"]

        await new.send(cid, "from the new browser")
        assert await texts_after_notices(frank, 1) == ["from the new browser"]
        await frank.send(cid, "hello, new browser")
        assert await texts(new, 1) == ["hello, new browser"]
        assert await texts_after_notices(erin, 2) == ["from the new browser", "hello, new browser"]
    finally:
        for client in (erin, frank, new):
            if client is not None:
                await client.close()


@pytest.mark.asyncio
async def test_a_timer_holds_for_both_until_one_takes_it_off_and_no_key_file_opens_what_it_covered(server):
    grace, heidi = await person(server, "grace"), await person(server, "heidi")
    new = None
    try:
        cid = await grace.start(heidi.uid)
        await grace.send(cid, "stays")
        assert await texts(heidi, 1) == ["stays"]
        await grace.set_timer(cid, 3600)
        await grace.send(cid, "ends")
        assert await texts_after_notices(heidi, 1, notice="MODE_CHANGED") == ["ends"]
        await heidi.send(cid, "ends, too")
        assert await texts(grace, 1) == ["ends, too"]
        assert (grace.timer(cid), heidi.timer(cid)) == (3600, 3600)
        await heidi.set_timer(cid, 0)
        await heidi.send(cid, "stays again")
        assert await texts_after_notices(grace, 1, notice="MODE_CHANGED") == ["stays again"]
        assert (grace.timer(cid), heidi.timer(cid)) == (0, 0)
        new = await Client.log_in(server.origin, grace.person.credentials)
        await new.restore(grace.export_keyfile(PASSPHRASE), PASSPHRASE, opks=12)
        assert await texts_after_notices(new, 2, notice="NO_EPOCH_KEY") == ["stays", "stays again"]
    finally:
        for client in (grace, heidi, new):
            if client is not None:
                await client.close()


async def texts_after_notices(client, count, notice="DEVICE_ADDED"):
    """As `texts`, where something is said in between."""
    read = []
    async with asyncio.timeout(WAIT_SECONDS):
        async for event in client.events():
            if isinstance(event, Message):
                read.append(event.text)
            else:
                assert event.code == notice
            if len(read) == count:
                return read


@pytest.mark.asyncio
async def test_what_is_done_to_a_text_reaches_the_other_side(server):
    gina, hugo = await person(server, "gina"), await person(server, "hugo")
    try:
        cid = await gina.start(hugo.uid)
        await gina.send(cid, "teh first")
        first = await next_mid(hugo)
        await hugo.send(cid, "you mean the first", re=first)
        await hugo.react(cid, first, "👍")
        await hugo.tell_read(cid, first)
        answer = await next_mid(gina)
        assert gina.board(cid).shown[answer].answers == first
        await gina.edit(cid, first, "the first")
        await gina.delete(cid, answer)
        await gina.send(cid, "the end")
        assert [type(await next_event(hugo)) for _ in range(3)] == [Changed, Problem, Message]
        hers, his = gina.board(cid).shown, hugo.board(cid).shown
        assert hers[first] == his[first]
        assert (hers[first].text, hers[first].signs, hers[first].read) == ("the first", {(hugo.uid, "👍")}, True)
        assert not his[answer].deleted
    finally:
        await gina.close()
        await hugo.close()


async def next_event(client):
    async with asyncio.timeout(WAIT_SECONDS):
        return await anext(client.events())


async def next_mid(client):
    event = await next_event(client)
    assert isinstance(event, Message), event
    return event.mid
