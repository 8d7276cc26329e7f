"""A whole client against a server that lies: with whom it writes, what it goes on after, and what stops it."""

import asyncio

import pytest

from reference.account import Pin
from reference.client import ChatRefused, Problem
from reference.errors import ProtocolError
from reference.primitives import x25519_public
from reference.tests.world import (
    OPKS,
    PASSPHRASE,
    Server,
    another_root,
    browser,
    key_file,
    one_round,
    person,
    read,
    talking,
)

MALLORY = bytes([255]) * 16


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    one_round(monkeypatch)


def root_of(client):
    return client.person.keyring.vault.root_pub


def refused(*codes):
    return pytest.raises(ProtocolError, match="|".join(codes))


# --- with whom ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", ["alice and mallory", "bob and mallory", "the wrong way round", "alice alone"])
@pytest.mark.asyncio
async def test_it_writes_to_nobody_whom_the_server_puts_in_the_other_ones_place(named):
    server = Server()
    alice, bob = await person(server, "alice"), await person(server, "bob")
    lo, hi = sorted((alice.uid, bob.uid))
    pairs = {
        "alice and mallory": (alice.uid, MALLORY),
        "bob and mallory": (bob.uid, MALLORY),
        "the wrong way round": (hi, lo),
        "alice alone": (alice.uid, alice.uid),
    }
    cid = server.chat_of(alice.uid, bob.uid)
    server.chats[cid] = pairs[named]
    server.chat_of = lambda *_: cid
    with pytest.raises(ChatRefused, match="BAD_ANSWER"):
        await alice.start(bob.uid)
    assert alice.exchanges == {}


@pytest.mark.asyncio
async def test_a_chat_with_somebody_else_is_not_given_out_as_this_one():
    server = Server()
    alice, bob = await person(server, "alice"), await person(server, "bob")
    mallory = await person(server, "mallory")
    cid = await alice.start(mallory.uid)
    server.chats[cid] = (min(alice.uid, bob.uid), max(alice.uid, bob.uid))
    with pytest.raises(ChatRefused, match="BAD_ANSWER"):
        await alice.start(bob.uid)


@pytest.mark.asyncio
async def test_a_second_chat_of_a_pair_is_refused():
    server = Server()
    alice, bob, cid = await talking(server)
    assert await alice.start(bob.uid) == cid
    server.chats = {bytes(16): server.chats[cid]}
    with pytest.raises(ChatRefused, match="SECOND_CHAT"):
        await alice.start(bob.uid)


@pytest.mark.asyncio
async def test_of_the_list_only_chats_with_oneself_in_them_count():
    server = Server()
    alice, bob, cid = await talking(server)
    theirs = server.chat_of(bob.uid, MALLORY)
    pairs = [*server.chats.items(), (bytes(16), server.chats[cid][::-1])]
    server.listed = lambda _: {
        "conversations": [{"cid": cid.hex(), "uids": [uid.hex() for uid in pair]} for cid, pair in pairs]
    }
    new = browser(server, "alice")
    await new.restore(alice.export_keyfile(PASSPHRASE), PASSPHRASE, opks=OPKS)
    assert list(new.exchanges) == [cid]
    server.links[-1].on_news({theirs: 3}, 0)
    await heard(new)
    assert (list(new.exchanges), new._hearing) == ([cid], {})


async def heard(client):
    """What a bell began is through."""
    await asyncio.gather(*client._hearing.values())


# --- history keys ----------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_who_takes_a_browser_off_makes_a_new_history_key():
    server = Server()
    alice, _bob, cid = await talking(server)
    stolen = key_file(alice)
    lost = await new_browser(server, alice)
    alice.person.notary.expect_news()
    await alice.send(cid, "with it")
    await alice.remove(lost.person.keyring.device.did)
    before, after = server.bundles[alice.uid][-2:]
    assert (before.core.hk_gen, after.core.hk_gen) == (1, 2)
    assert before.core.hk_pub != after.core.hk_pub == x25519_public(alice.person.keyring.vault.hk_seeds[2])
    await alice.send(cid, "without it")
    assert read(await new_browser(server, alice)) == ["hello", "hi", "with it", "without it"]
    thief = browser(server, "alice")
    await thief.restore(stolen, PASSPHRASE, opks=OPKS)
    assert read(thief) == ["KEYFILE_STALE", "hello", "hi", "with it", "NO_EPOCH_KEY"]
    assert server.bundles[alice.uid][-1].core.hk_pub == after.core.hk_pub


@pytest.mark.asyncio
async def test_who_leaves_by_itself_changes_no_history_key():
    server = Server()
    alice, _bob, _cid = await talking(server)
    new = await new_browser(server, alice)
    await new.leave()
    before, after = server.bundles[alice.uid][-2:]
    assert (len(before.core.devices), len(after.core.devices)) == (2, 1)
    assert (before.core.hk_gen, before.core.hk_pub) == (after.core.hk_gen, after.core.hk_pub)


# --- pins and class B -----------------------------------------------------------------------------------------------


async def new_browser(server, client, *pins):
    new = browser(server, client.person.name)
    await new.restore(key_file(client, *pins), PASSPHRASE, opks=OPKS)
    return new


@pytest.mark.parametrize(("known", "told"), [(None, []), (bytes(32), ["ROOT_RESET"])])
@pytest.mark.asyncio
async def test_another_root_than_the_key_files_is_told_when_the_bundles_are_there(known, told):
    server = Server()
    alice, bob, _cid = await talking(server)
    new = await new_browser(server, alice, Pin(bob.uid, known or root_of(bob), True))
    assert read(new) == [*told, "hello", "hi"]


@pytest.mark.parametrize(("vouched", "code"), [(True, "ROOT_ROTATED"), (False, "ROOT_RESET")])
@pytest.mark.asyncio
async def test_what_the_old_root_vouches_for_is_told_as_such(vouched, code):
    server = Server()
    alice, bob = await person(server, "alice"), await person(server, "bob")
    seed = bob.person.keyring.vault.root_seed if vouched else None
    now = another_root(server, server.bundles[bob.uid][-1], old_seed=seed)
    new = await new_browser(server, alice, Pin(bob.uid, root_of(bob), False))
    cid = await new.start(bob.uid)
    await new.look(cid)
    assert [(news.cid, news.code) for news in new.heard()] == [(cid, code)]
    known = await new_browser(server, alice, Pin(bob.uid, now.core.root_pub, False))
    await known.look(cid)
    assert read(known) == ["KEYFILE_STALE"]


@pytest.mark.asyncio
async def test_at_first_contact_what_was_before_is_no_news():
    server = Server()
    alice, bob = await person(server, "alice"), await person(server, "bob")
    another_root(server, server.bundles[bob.uid][-1])
    await alice.look(await alice.start(bob.uid))
    assert read(alice) == []
    another_root(server, server.bundles[bob.uid][-1])
    alice.person.notary.expect_news()
    await alice.look(next(iter(alice.exchanges)))
    assert read(alice) == ["ROOT_RESET"]


@pytest.mark.asyncio
async def test_nothing_is_sealed_after_a_code_of_class_b_by_who_heeds_it():
    server = Server()
    alice, bob, cid = await talking(server)
    new = await new_browser(server, alice, Pin(bob.uid, bytes(32), False))
    stored = len(server.events[cid])
    new.heeds_blocks = True
    for sealing in (new.send(cid, "x"), new.send_file(cid, "x", b"x"), new.settle(cid)):
        with refused("ROOT_RESET"):
            await sealing
    assert len(server.events[cid]) == stored
    new.decided = frozenset(["ROOT_RESET"])
    await new.send(cid, "decided")
    assert len(server.events[cid]) > stored


@pytest.mark.asyncio
async def test_an_alarm_in_another_chat_stops_this_one_only_when_it_is_the_logs():
    alice, _bob, cid = await talking(Server())
    alice.heeds_blocks = True
    alice._tell(Problem(MALLORY, 1, "EPOCH_FORK"))
    alice.check_open(cid)
    alice._tell(Problem(MALLORY, 1, "LOG_SPLIT_VIEW"))
    with refused("LOG_SPLIT_VIEW"):
        alice.check_open(cid)
