"""Prekeys that a server hands out, and those that a device leaves there (section 5)."""

import pytest

from reference.tests.world import Server, person, read

INSTEAD = [
    lambda left: left[1][0],
    lambda left: {**left[2][0], "sig": left[2][1]["sig"]},
    lambda left: {"prekey": left[2][0]["prekey"]},
]


@pytest.mark.parametrize("instead", INSTEAD)
@pytest.mark.asyncio
async def test_a_one_time_prekey_that_is_none_leaves_nobody_out(instead):
    server = Server()
    alice, bob = await person(server, "alice"), await person(server, "bob")
    left = server.prekeys[bob.person.keyring.device.did]
    left[2] = [instead(left)]
    cid = await alice.start(bob.uid)
    await bob.start(alice.uid)
    await alice.send(cid, "hello")
    await bob.catch_up(cid)
    assert read(bob) == ["hello"]
