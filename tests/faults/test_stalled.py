"""A database, a Redis or a bucket that stands still, without being gone: everybody is answered soon, with a code and
when to come again, and the probes tell the truth. Then everything goes on, and nothing was lost.
"""

import asyncio
import hashlib
import json
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError

import pytest

from chatproject.lib.encoding import to_base64url
from reference import link, wire
from tests.bucket import RIGHTS, fake_bucket
from tests.faults.people import until
from tests.faults.world import template, world

pytestmark = pytest.mark.services
PROBES = ("/healthz", "/readyz")
PROBE_SECONDS = 4.0  # what kubelet and compose wait for
FRAME_SECONDS = 8.0
REQUEST_SECONDS = 10.0
POST_SECONDS = 12.0  # one that waited behind a batch that was begun
BESIDE_SECONDS = 3.0  # a bucket is given up after 5
REQUESTS = 20  # twice the connections of a process
TURN_SECONDS = 4.0  # a connection is waited for 5
FILES = 10  # at once; more than all threads for the database are
NOTICED_SECONDS = 10.0  # the layer is asked every 5 s, and has 2 to answer


@pytest.fixture(scope="module")
def bucket():
    with fake_bucket() as opened:
        yield opened


@pytest.fixture(scope="module")
def made(bucket):
    with asyncio.Runner() as loop, template() as prepared, pytest.MonkeyPatch.context() as patch:
        patch.setattr(link, "HEARTBEAT_SECONDS", 2.0)
        place = world(prepared, seed=4711, redis=True, BLOBS_URL=bucket.url, **RIGHTS)
        opened = loop.run(place.__aenter__())
        try:
            yield loop, opened
        finally:
            loop.run(place.__aexit__(None, None, None))


class Answer:
    """Of one request: status, headers, JSON body, seconds."""

    def __init__(self, device, path, body=None, part=None):
        web, began = device.client.person.web, time.monotonic()
        headers = {"Origin": web.origin, "Content-Type": "application/json"}
        if path not in PROBES:
            headers |= {"Cookie": web.cookies, "X-CSRFToken": web._csrf()}
        data = part if body is None else json.dumps(body).encode()
        method = "PUT" if part else None
        request = urllib.request.Request(web.origin + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                self.status, self.headers, self.body = response.status, response.headers, response.read()
        except HTTPError as error:
            self.status, self.headers, self.body = error.code, error.headers, error.read()
        self.seconds = time.monotonic() - began

    @property
    def json(self):
        return json.loads(self.body)


def ask(device, path, body=None):
    return asyncio.to_thread(Answer, device, path, body)


def told_to_come_again(answer):
    assert (answer.status, answer.json["error"]) == (503, "UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) == answer.json["retry_after"] > 0
    assert answer.seconds < REQUEST_SECONDS


async def talking(opened):
    alice, bob, cid = opened.devices["alice"], opened.devices["bob"], opened.cids[0]
    text = f"before {len(opened.history.typed)}"
    await alice.say(cid, text)
    await until(lambda: text in bob.shown(cid), 30, "they talk")
    return alice, bob, cid


async def goes_on(opened, text):
    bob, cid = opened.devices["bob"], opened.cids[0]
    await until(lambda: text in bob.shown(cid), 30, "the text arrives after all")
    assert bob.shown(cid).count(text) == 1
    assert (await ask(bob, "/readyz")).status == 200
    await opened.settle()
    assert opened.verdict() == []


async def while_the_database_stands_still(opened):
    alice, bob, cid = await talking(opened)
    events = f"/api/conversations/{cid.hex()}/events/"
    closed, refused = len(bob.gate.close_codes), opened.history.refused["UNAVAILABLE"]
    with opened.installation.database.stalled():
        saying = asyncio.create_task(alice.say(cid, "into a still database"))
        alive, ready, page, listed, account = await asyncio.gather(
            ask(bob, "/healthz"),
            ask(bob, "/readyz"),
            ask(bob, events),
            ask(bob, "/api/conversations/"),
            ask(bob, "/api/me/"),
        )
        seconds = await until(
            lambda: opened.history.refused["UNAVAILABLE"] > refused, POST_SECONDS, "the post is refused, to be repeated"
        )
    assert (alive.status, alive.seconds < PROBE_SECONDS) == (200, True)
    assert (ready.status, ready.json["failed"], ready.seconds < PROBE_SECONDS) == (503, ["default"], True)
    told_to_come_again(page)
    told_to_come_again(listed)
    told_to_come_again(account)
    await saying
    assert len(bob.gate.close_codes) == closed, "a socket was closed for it"
    await goes_on(opened, "into a still database")
    return seconds


async def while_redis_stands_still(opened):
    alice, bob, cid = await talking(opened)
    refused = opened.history.refused["UNAVAILABLE"]
    with opened.redis.stalled():
        began = time.monotonic()
        await alice.say(cid, "without a bell")
        posted = time.monotonic() - began
        await until(lambda: "without a bell" in bob.shown(cid), link.HEARTBEAT_SECONDS + 2, "by the table or heartbeat")
        ready = await ask(bob, "/readyz")
        while not ready.json["degraded"] and time.monotonic() - began < NOTICED_SECONDS:
            assert (ready.status, ready.seconds < PROBE_SECONDS) == (200, True)
            ready = await ask(bob, "/readyz")
        wanted = {"uid": alice.client.uid.hex(), "dids": [alice.client.person.keyring.device.did.hex()]}
        counted = await ask(bob, "/api/keys/prekeys/fetch/", wanted)
    assert posted < 2.0
    assert opened.history.refused["UNAVAILABLE"] == refused
    assert (ready.status, ready.json["degraded"], ready.seconds < PROBE_SECONDS) == (200, ["layer"], True)
    told_to_come_again(counted)
    await goes_on(opened, "without a bell")


async def while_the_bucket_stands_still(opened, bucket):
    alice, bob, cid = await talking(opened)
    folder, data = f"/api/conversations/{cid.hex()}/blobs/", b"sealed" * 100
    numbers = [f"{number:032x}" for number in range(FILES)]
    for number in numbers:
        fields = {"blob": number, "size": len(data), "hash": to_base64url(hashlib.sha256(data).digest())}
        assert (await ask(alice, folder, fields)).status == 200
    loop = asyncio.get_running_loop()

    def put(pool):
        return [loop.run_in_executor(pool, Answer, alice, f"{folder}{each}/0/", None, data) for each in numbers]

    with ThreadPoolExecutor(FILES) as pool:
        with bucket.stalled():
            putting = put(pool)
            await until(lambda: bucket.asked, FRAME_SECONDS, "the bucket is asked")
            began = time.monotonic()
            await alice.say(cid, "beside a still bucket")
            await until(lambda: "beside a still bucket" in bob.shown(cid), BESIDE_SECONDS, "the text goes on")
            shown = time.monotonic() - began
            ready = await ask(bob, "/readyz")
            refused = await asyncio.gather(*putting)
        stored = await asyncio.gather(*put(pool))
    assert shown < BESIDE_SECONDS
    assert (ready.status, ready.seconds < PROBE_SECONDS) == (200, True)
    for each in refused:
        told_to_come_again(each)
    assert [each.json for each in stored] == FILES * [{"parts": 1, "whole": True}]
    got = await ask(bob, f"{folder}{numbers[0]}/0/")
    assert (got.status, got.body) == (200, data)
    await goes_on(opened, "beside a still bucket")


def test_a_database_that_stands_still(made):
    loop, opened = made
    loop.run(while_the_database_stands_still(opened))


def test_a_redis_that_stands_still(made):
    loop, opened = made
    loop.run(while_redis_stands_still(opened))


def test_a_bucket_that_stands_still(made, bucket):
    loop, opened = made
    loop.run(while_the_bucket_stands_still(opened, bucket))


def test_more_requests_at_once_than_connections_take_turns(made):
    loop, opened = made
    events = f"/api/conversations/{opened.cids[0].hex()}/events/"

    async def all_at_once():
        inside = asyncio.get_running_loop()
        with ThreadPoolExecutor(REQUESTS) as pool:
            asked = [inside.run_in_executor(pool, Answer, opened.devices["bob"], events) for _ in range(REQUESTS)]
            return await asyncio.gather(*asked)

    answers = loop.run(all_at_once())
    assert {answer.status for answer in answers} == {200}
    assert max(answer.seconds for answer in answers) < TURN_SECONDS


def test_a_reader_is_told_that_his_page_cannot_come(made):
    loop, opened = made

    async def pull_meanwhile():
        _alice, bob, cid = await talking(opened)
        told, socket = [], bob.client.linked().socket
        take = bob.client.linked()._take
        bob.client.linked()._take = lambda where, frame: (told.append(frame), take(where, frame))
        with opened.installation.database.stalled():
            await socket.send(wire.pull(cid, 0, 10))
            await until(lambda: wire.FrameRefused("UNAVAILABLE") in told, FRAME_SECONDS, "UNAVAILABLE")
        assert bob.client.linked().socket is socket
        await opened.settle()

    loop.run(pull_meanwhile())
