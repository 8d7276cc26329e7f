"""The own name in the log: what another browser of this person made is believed, a forged version never (section 4)."""

from dataclasses import replace

import pytest

from reference.bundle import make_bundle
from reference.errors import ProtocolError
from reference.log import bundle_leaf
from reference.merkle import root
from reference.primitives import ed25519_public, private_key
from reference.tests.world import OPKS, PASSPHRASE, Server, another_root, browser, key_file, one_round, person


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    one_round(monkeypatch)


def look(client):
    client.person.notary.expect_news()
    return client.person.refresh((client.uid,), log_size=0)


def is_refused(client, code):
    with pytest.raises(ProtocolError, match=code):
        look(client)


@pytest.mark.parametrize("vouched", [True, False])
@pytest.mark.asyncio
async def test_a_version_under_another_root_is_forged_however_often_one_looks(vouched):
    server = Server()
    alice = await person(server, "alice")
    own = server.bundles[alice.uid][0]
    another_root(server, own, old_seed=alice.person.keyring.vault.root_seed if vouched else None)
    for _ in range(3):
        is_refused(alice, "LOG_SELF_FORGED")
        assert alice.person.notary.chains[alice.uid] == [own]
        assert alice.person.notary.leaves == tuple(server.leaves[:1])


@pytest.mark.asyncio
async def test_a_leaf_without_a_bundle_is_forged():
    server = Server()
    alice = await person(server, "alice")
    server.leaves.append(bundle_leaf("alice", alice.uid, 2, bytes(32)))
    for _ in range(2):
        is_refused(alice, "LOG_SELF_FORGED")


@pytest.mark.asyncio
async def test_a_bundle_shown_before_its_leaf_is_believed_as_little():
    server = Server()
    alice = await person(server, "alice")
    new = browser(server, "alice")
    await new.restore(alice.export_keyfile(PASSPHRASE), PASSPHRASE, opks=OPKS)
    another_root(server, server.bundles[alice.uid][-1])
    leaf = server.leaves.pop()
    assert look(alice) == ("DEVICE_ADDED",)
    assert alice.person.notary.chains[alice.uid] == server.bundles[alice.uid][:2]
    server.leaves.append(leaf)
    for _ in range(2):
        is_refused(alice, "LOG_SELF_FORGED")


@pytest.mark.asyncio
async def test_another_browser_of_this_person_is_believed_when_the_head_is():
    server = Server()
    alice = await person(server, "alice")
    new = browser(server, "alice")
    await new.restore(alice.export_keyfile(PASSPHRASE), PASSPHRASE, opks=OPKS)
    leaf = server.leaves[-1]
    server.leaves[-1] = bytes(leaf[:-1]) + bytes([leaf[-1] ^ 1])
    is_refused(alice, "LOG_SELF_FORGED")
    server.leaves[-1] = leaf
    assert look(alice) == ("DEVICE_ADDED",)
    assert look(new) == ()
    assert alice.person.notary.chains[alice.uid] == server.bundles[alice.uid]


@pytest.mark.parametrize("vouched", [True, False])
@pytest.mark.asyncio
async def test_a_key_file_of_a_former_root_is_old_and_adds_no_device(vouched):
    server = Server()
    alice = await person(server, "alice")
    data = alice.export_keyfile(PASSPHRASE)
    seed = alice.person.keyring.vault.root_seed
    another_root(server, server.bundles[alice.uid][0], old_seed=seed if vouched else None)
    new = browser(server, "alice")
    with pytest.raises(ProtocolError, match="KEYFILE_STALE"):
        await new.restore(data, PASSPHRASE, opks=OPKS)
    assert (len(server.bundles[alice.uid]), new.person.has_keys) == (2, False)


@pytest.mark.asyncio
async def test_the_log_of_a_former_roots_file_is_judged_first():
    server = Server()
    alice = await person(server, "alice")
    await person(server, "bob")
    look(alice)
    data = alice.export_keyfile(PASSPHRASE)
    another_root(server, server.bundles[alice.uid][0])
    server.leaves[1] = bundle_leaf("carol", bytes(16), 1, bytes(32))
    with pytest.raises(ProtocolError, match="LOG_SPLIT_VIEW"):
        await browser(server, "alice").restore(data, PASSPHRASE, opks=OPKS)


@pytest.mark.asyncio
async def test_a_key_file_that_saw_no_leaf_pins_the_key_that_the_log_began_with():
    server = Server()
    alice = await person(server, "alice")
    saw_nothing = {"log_size": 0, "log_root": root(())}
    others = key_file(alice, **saw_nothing, log_pub=ed25519_public(private_key()))
    with pytest.raises(ProtocolError, match="LOG_BAD_HEAD"):
        await browser(server, "alice").restore(others, PASSPHRASE, opks=OPKS)
    with pytest.raises(ProtocolError, match="LOG_SPLIT_VIEW"):
        await browser(server, "alice").restore(key_file(alice, log_size=0), PASSPHRASE, opks=OPKS)
    assert len(server.bundles[alice.uid]) == 1
    await browser(server, "alice").restore(key_file(alice, **saw_nothing), PASSPHRASE, opks=OPKS)
    assert len(server.bundles[alice.uid]) == 2


@pytest.mark.asyncio
async def test_a_root_that_never_was_is_another_account():
    server = Server()
    alice = await person(server, "alice")
    data = alice.export_keyfile(PASSPHRASE)
    core, seed = server.bundles.pop(alice.uid)[0].core, bytes(range(1, 33))
    server.leaves.clear()
    server.take_bundle(make_bundle(replace(core, root_pub=ed25519_public(seed)), root_seed=seed))
    with pytest.raises(ProtocolError, match="KEYFILE_WRONG_ACCOUNT"):
        await browser(server, "alice").restore(data, PASSPHRASE, opks=OPKS)


@pytest.mark.parametrize(
    ("leaves", "code"), [((0,), "BUNDLE_NOT_IN_LOG"), ((1, 0), "BUNDLE_NOT_IN_LOG"), ((1, 0, 2), "LOG_SPLIT_VIEW")]
)
@pytest.mark.asyncio
async def test_the_last_bundle_is_looked_up_in_the_log_before_the_files_log_is(leaves, code):
    server = Server()
    alice = await person(server, "alice")
    data = alice.export_keyfile(PASSPHRASE)
    await person(server, "bob")
    await browser(server, "alice").restore(data, PASSPHRASE, opks=OPKS)
    server.leaves = [server.leaves[at] for at in leaves]
    with pytest.raises(ProtocolError, match=code):
        await browser(server, "alice").restore(data, PASSPHRASE, opks=OPKS)
    assert len(server.bundles[alice.uid]) == 2


@pytest.mark.parametrize(("passphrase", "code"), [("wrong", "WRONG_PASSPHRASE"), (PASSPHRASE, "WRONG_ACCOUNT")])
@pytest.mark.asyncio
async def test_a_file_is_opened_before_the_account_is_looked_at_and_fits_none_without_bundles(passphrase, code):
    server = Server()
    alice = await person(server, "alice")
    data = alice.export_keyfile(PASSPHRASE)
    server.bundles.clear()
    with pytest.raises(ProtocolError, match=f"KEYFILE_{code}"):
        await browser(server, "alice").restore(data, passphrase, opks=OPKS)


@pytest.mark.parametrize(("shown", "code"), [(0, "BUNDLE_NOT_IN_LOG"), (1, "STALE_BUNDLE")])
@pytest.mark.asyncio
async def test_whose_newest_bundle_is_kept_back_is_written_to_under_no_older_one(shown, code):
    server = Server()
    alice, bob = await person(server, "alice"), await person(server, "bob")
    await browser(server, "bob").restore(bob.export_keyfile(PASSPHRASE), PASSPHRASE, opks=OPKS)
    server.bundles[bob.uid] = server.bundles[bob.uid][:shown]
    cid = await alice.start(bob.uid)
    for work in (alice.send(cid, "hello"), alice.look(cid)):
        with pytest.raises(ProtocolError, match=code):
            await work
