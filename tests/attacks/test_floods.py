"""Somebody floods a real server with what it refuses: they are cut off and kept out, and the others are served.

Nothing here is a matter of milliseconds: what is asserted are codes, how many were judged at all, and who was answered.
"""

import asyncio
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from accounts.tests.people import PASSWORD
from tests.attacks.doors import Visitor
from tests.attacks.talkers import Talker, seed_conversation
from tests.attacks.test_load import KEPT_KB, memory_kb
from tests.browser.server import Site, serving

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
ROUNDS = 30
MOST = 10  # sockets closed within a minute for what they sent
HUGE = "x" * (1024 * 1024)
REFUSED = ['{"f":"nothing"}', "{", '{"f":"heads","more":1}']


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Fresh for each: an account that was kept out is kept out for a minute."""
    with serving(tmp_path_factory.mktemp("floods"), TRUSTED_PROXY_COUNT="1", POSTS_PER_MINUTE="1000") as started:
        yield started


@pytest.fixture
def people(site: Site) -> dict[str, list[Talker]]:
    made = seed_conversation(site, 2)
    for talker in made["alice"]:
        talker.visitor.network = "203.0.113.9"
    return made


async def closed_with(talker: Talker, frames: list[str]) -> int:
    """The code of a socket on which somebody sends all this, after a hello when that is still taken."""
    async with talker.line() as line:
        try:
            await talker.greet(line)
            for frame in frames:
                await line.send(frame)
            async with asyncio.timeout(10):
                while True:
                    await line.recv()
        except ConnectionClosed:
            return int(line.close_code or 0)


async def talk_on(talker: Talker, ended: asyncio.Event) -> int:
    """Posts one after another until the flood is over; how many, and each of them was stored."""
    stored = 0
    async with talker.line() as line:
        await talker.greet(line)
        while not ended.is_set() or stored == 0:
            await line.send(json.dumps(talker.envelope()))
            answer: dict[str, Any] = {"f": "bell"}
            while answer["f"] in {"bell", "heads"}:
                answer = json.loads(await asyncio.wait_for(line.recv(), 30))
            assert answer["f"] == "accepted", answer
            stored += 1
    return stored


@pytest.mark.asyncio
@pytest.mark.parametrize(("frames", "code"), [(REFUSED, 4400), ([HUGE], 4413)], ids=["refused", "huge"])
async def test_a103_who_floods_with_what_is_refused_is_kept_out(site, people, frames, code):
    mallory, alice, ended = people["bob"], people["alice"][0], asyncio.Event()
    before = await asyncio.to_thread(memory_kb, site)
    others = asyncio.create_task(talk_on(alice, ended))
    codes = [await closed_with(mallory[n % 2], frames) for n in range(ROUNDS)]
    ended.set()
    assert await others >= 1
    assert codes == [code] * MOST + [4429] * (ROUNDS - MOST), "from whichever browser of the account"
    assert await asyncio.to_thread(memory_kb, site) - before < KEPT_KB


def test_a103_a_flood_of_logins_is_judged_so_often_and_no_more(site, people):
    mallory = Visitor(site.url, "198.51.100.77")
    answers = [mallory.type_password(f"somebody{n}", "a-guess-at-random") for n in range(100)]
    counted = Counter(answer.status for answer in answers)
    assert set(counted) == {400, 429}
    assert counted[400] <= 2 * 30, "thirty a minute, and the flood may span two"
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers if answer.status == 429)
    assert Visitor(site.url, "203.0.113.10").type_password("alice", PASSWORD).location.startswith("/second-step/")


@pytest.mark.asyncio
async def test_a103_nothing_that_comes_is_unpacked(site, people):
    bob, before = people["bob"][0], await asyncio.to_thread(memory_kb, site)
    bomb = gzip.compress(b'{"a":"' + bytes(200 * 1024 * 1024) + b'"}')
    assert len(bomb) < 256 * 1024
    answer = await asyncio.to_thread(bob.visitor.ask, "POST", "/api/keys/nonce/", bomb, "application/json", "gzip")
    assert (answer.status, json.loads(answer.text)["error"]) == (400, "BAD_REQUEST")
    async with bob.line(compression="deflate") as line:
        assert line.response.headers.get("Sec-WebSocket-Extensions") is None
        line.transport.write(bytes((0xC1, 0x80 | 5)) + bytes(4) + b"\x00\x00\x00\xff\xff")  # says that it is packed
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(line.recv(), 10)
        assert line.close_code in {1002, 1006}
    assert await asyncio.to_thread(memory_kb, site) - before < KEPT_KB
