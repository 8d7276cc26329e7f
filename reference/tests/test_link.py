"""The link against a server that breaks off: the same post again, bytes and all, until there is an answer."""

import asyncio
import json
import time

import pytest
from websockets.asyncio.server import serve

from reference import link as link_module
from reference.link import Link, LinkEnded, PostRefused

CID, DID = bytes(16), bytes(range(16))
WELCOME = {"f": "welcome", "incarnation": "00" * 16, "heads": {CID.hex(): 3}, "log_size": 2, "now_ms": 0}


class Scripted:
    """Welcomes everybody, then answers each post with the next line of its script: None breaks the connection, a number
    is the code it closes it with, a pair code and reason.
    """

    def __init__(self, *script):
        self.script, self.posts, self.hellos = list(script), [], []

    async def __call__(self, socket):
        self.hellos.append(json.loads(await socket.recv()))
        await socket.send(json.dumps(WELCOME))
        async for text in socket:
            post = json.loads(text)
            self.posts.append(post)
            answer = self.script.pop(0)
            if answer is None or isinstance(answer, int):
                return await socket.close(answer or 1012)
            if isinstance(answer, tuple):
                return await socket.close(*answer)
            await socket.send(json.dumps({"cid": post["cid"], "client_id": post["client_id"], **answer}))


class Babbling(Scripted):
    """Says what no contract knows after its welcome, and again before each answer."""

    WORDS = (
        {"f": "x"}, {}, [], "x", 7, None, {"f": ["bell"]}, {"f": "bell"}, {"f": "accepted", "client_id": []},
        {"f": "bell", "cid": CID.hex(), "seq": "9"}, {"f": "welcome", "heads": [], "log_size": 2},
        {"f": "events", "cid": "zz", "from": 1, "to": 0, "items": []},
        {"f": "refused", "client_id": "a-client-id", "status": None, "code": "STALE_EPOCH"},
    )  # fmt: skip

    async def __call__(self, socket):
        send = socket.send

        async def babble(text):
            if text == json.dumps(WELCOME):
                await send(text)
            for word in (*map(json.dumps, self.WORDS), "{", "[" * 100_000, ""):
                await send(word)
            if text != json.dumps(WELCOME):
                await send(text)

        socket.send = babble
        await super().__call__(socket)


class SlowToComeBack(Scripted):
    """After a break it turns a few away before it welcomes again."""

    turned_away = 0

    async def __call__(self, socket):
        if self.posts and self.turned_away < 3:
            self.turned_away += 1
            return await socket.close(1012)
        return await super().__call__(socket)


ACCEPTED = {"f": "accepted", "seq": 4, "sha256": "AA", "dup": False}


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch):
    monkeypatch.setattr(link_module, "FIRST_PAUSE_SECONDS", 0.01)


async def on_link(server, news, work):
    """What `work(link)` returns on a link to this server."""
    async with serve(server, "127.0.0.1", 0) as serving:
        port = serving.sockets[0].getsockname()[1]
        link = Link(
            f"http://127.0.0.1:{port}",
            lambda: "session=x",
            DID,
            cursors=dict,
            on_news=lambda *given: news.append(given),
        )
        await link.open()
        try:
            async with asyncio.timeout(10):
                return await work(link)
        finally:
            await link.close()


async def posted(scripted, news):
    return await on_link(scripted, news, lambda link: link.post(CID, "a-client-id", "message", b"sealed"))


class Hesitant:
    """Breaks at the first pull, breaks the next connection before its welcome, then answers with empty pages."""

    def __init__(self):
        self.connections = 0

    async def __call__(self, socket):
        self.connections += 1
        await socket.recv()
        if self.connections == 2:
            return
        await socket.send(json.dumps(WELCOME))
        async for text in socket:
            pull = json.loads(text)
            if self.connections == 1:
                return
            page = {"from": pull["after"] + 1, "to": pull["after"], "items": []}
            await socket.send(json.dumps({"f": "events", "cid": pull["cid"], **page}))


@pytest.mark.asyncio
async def test_a_page_goes_to_the_pull_that_asked_for_it():
    async def two_pulls(link):
        return [(await link.pull(CID, after)).first for after in (3, 5)]

    assert await on_link(Hesitant(), [], two_pulls) == [4, 6]


@pytest.mark.asyncio
async def test_a_post_survives_two_breaks_and_a_full_server():
    busy = {"f": "refused", "status": 503, "code": "UNAVAILABLE", "retry_after": 0.01}
    scripted, news = Scripted(None, None, busy, ACCEPTED), []
    assert (await posted(scripted, news)).seq == 4
    assert len(scripted.posts) == 4
    assert all(post == scripted.posts[0] for post in scripted.posts)
    assert len(scripted.hellos) == 3
    assert scripted.hellos[-1]["incarnation"] == WELCOME["incarnation"]
    assert news[0] == ({CID: 3}, 2)


@pytest.mark.asyncio
async def test_a_refusal_is_an_answer():
    scripted = Scripted({"f": "refused", "status": 409, "code": "STALE_EPOCH"})
    with pytest.raises(PostRefused, match="409 STALE_EPOCH"):
        await posted(scripted, [])
    assert len(scripted.posts) == 1


@pytest.mark.asyncio
async def test_a_socket_closed_for_good_ends_every_wait():
    scripted = Scripted(4403)
    with pytest.raises(LinkEnded, match="4403"):
        await posted(scripted, [])
    assert len(scripted.hellos) == len(scripted.posts) == 1


@pytest.mark.asyncio
async def test_who_was_too_much_stays_away_for_the_pause(monkeypatch):
    monkeypatch.setattr(link_module, "PAUSES_SECONDS", {4429: 0.3})
    began, scripted = time.monotonic(), Scripted(4429, ACCEPTED)
    assert (await posted(scripted, [])).seq == 4
    assert (len(scripted.hellos), len(scripted.posts)) == (2, 2)
    assert time.monotonic() - began >= 0.3


class Welcoming:
    """Welcomes with one line after another, and breaks off after each but the last."""

    def __init__(self, *welcomes):
        self.welcomes = list(welcomes)

    async def __call__(self, socket):
        await socket.recv()
        await socket.send(json.dumps({**WELCOME, **self.welcomes.pop(0)}))
        if not self.welcomes:
            await socket.wait_closed()


@pytest.mark.parametrize(
    ("welcomes", "doubts"),
    [
        ([{}], []),
        ([{"heads": {CID.hex(): 2}}], []),
        ([{"heads": {CID.hex(): 1}}], [CID]),
        ([{"heads": {}}], []),
        ([{}, {}], []),
        ([{}, {"incarnation": "11" * 16}], [CID]),
        ([{}, {"incarnation": "11" * 16}, {"incarnation": "11" * 16}], [CID]),
        ([{}, {"incarnation": None}], []),
    ],
)
@pytest.mark.asyncio
async def test_a_smaller_head_and_another_database_are_doubted(welcomes, doubts):
    found, welcomed = [], asyncio.Semaphore(0)
    async with serve(Welcoming(*welcomes), "127.0.0.1", 0) as serving:
        port = serving.sockets[0].getsockname()[1]
        link = Link(
            f"http://127.0.0.1:{port}",
            lambda: "session=x",
            DID,
            cursors=lambda: {CID: 2},
            on_news=lambda *_: welcomed.release(),
            on_doubt=found.append,
        )
        await link.open()
        async with asyncio.timeout(10):
            for _ in welcomes:
                await welcomed.acquire()
        await link.close()
    assert found == doubts


class Lot:
    """Chance that always comes out as the shortest wait, and what the longest would have been."""

    def __init__(self):
        self.longest = []

    def uniform(self, shortest, longest):
        self.longest.append(longest)
        return shortest


@pytest.mark.asyncio
async def test_a_server_that_ends_says_how_long_to_stay_away(monkeypatch):
    lot = Lot()
    monkeypatch.setattr(link_module, "random", lot)
    scripted = Scripted((4412, "retry=2500"), (4412, ""), (1012, "retry=2500"), ACCEPTED)
    assert (await posted(scripted, [])).seq == 4
    assert lot.longest == [2.5, 0.01, 0.01]


@pytest.mark.parametrize(("reason", "seconds"), [("retry=500", 0.5), ("retry=15000", 15.0), ("retry=99999", 15.0)])
def test_a_hint_has_a_bound(reason, seconds):
    assert link_module.retry_hint(4412, reason) == seconds


@pytest.mark.parametrize(
    "reason",
    [
        "", "retry=", "retry=-1", "retry=1e4", "retry=100000", " retry=500", "retry=500\n", "Retry=500", "retry=5.5",
        "retry=\u0665\u0660\u0660", "retry=500; x",
    ],
)  # fmt: skip
def test_a_hint_in_other_words_is_none(reason):
    assert link_module.retry_hint(4412, reason) == 0.0


@pytest.mark.asyncio
async def test_what_waits_for_the_line_is_posted_once_when_it_is_back():
    server = SlowToComeBack(None, ACCEPTED)
    accepted = await on_link(server, [], lambda link: link.post(CID, "id", "message", b"bytes"))
    assert (accepted.seq, server.turned_away, len(server.posts)) == (4, 3, 2)
    assert server.script == []


@pytest.mark.asyncio
async def test_what_no_contract_knows_ends_nothing():
    scripted, news = Babbling(ACCEPTED), []
    assert (await posted(scripted, news)).seq == 4
    assert (len(scripted.hellos), len(scripted.posts), news) == (1, 1, [({CID: 3}, 2)])


@pytest.mark.asyncio
async def test_whatever_ends_the_line_ends_every_wait():
    heard = []

    def stumble(*given):
        heard.append(given)
        if len(heard) == 2:
            raise RuntimeError

    scripted = Scripted({"f": "bell", "cid": CID.hex(), "seq": 4})
    async with serve(scripted, "127.0.0.1", 0) as serving:
        port = serving.sockets[0].getsockname()[1]
        link = Link(f"http://127.0.0.1:{port}", lambda: "session=x", DID, cursors=dict, on_news=stumble)
        await link.open()
        async with asyncio.timeout(10):
            with pytest.raises(LinkEnded):
                await link.post(CID, "a-client-id", "message", b"sealed")
        await link.close()
