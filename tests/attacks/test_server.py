"""Attacks on accounts and on the server's doors: a real server process, plain HTTP and sockets, no browser."""

import asyncio
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.request import Request, urlopen

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from reference.login import APP_SECRET, Credentials, sign_up
from reference.person import Person
from reference.web import HttpRefused, Web
from tests.clocks import away_from_the_turn
from tests.server import Server, running_server

pytestmark = pytest.mark.browser

PASSWORD = "Correct-Horse-7-Battery"
DOORS = ["/api/me/", "/api/people/", "/api/keys/log/", "/api/conversations/", "/api/keys/prekeys/"]
PAGES = ["/chat/", "/account/", "/account/factors/app/remove/", "/second-step/set-up/app/", "/second-step/recovery/"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("attacked")) as started:
        yield started


@pytest.fixture(scope="module")
def people(server: Server) -> dict[str, Person]:
    def make(name: str) -> Person:
        web = Web(server.origin)
        person = Person(web, sign_up(web, name=name, password=PASSWORD, display_name=name.title()))
        person.make_keys(opks=20)
        person.publish()
        return person

    with ThreadPoolExecutor(3) as pool:
        return dict(zip(("alice", "bob", "mallory"), pool.map(make, ("alice", "bob", "mallory")), strict=True))


def refusal(work: Any, *args: Any, **fields: Any) -> tuple[int, str]:
    try:
        work(*args, **fields)
    except HttpRefused as refused:
        return refused.status, refused.code
    return 200, ""


def half_way(server: Server, credentials: Credentials) -> Web:
    """A session that knows the password only."""
    web = Web(server.origin)
    web.page("/login/")
    web.submit("/login/", {"name": credentials.name, "password": credentials.password, "next": "/chat/"})
    return web


def is_inside(web: Web) -> bool:
    return refusal(web.get, "/api/me/")[0] == 200


def handshake(server: Server, **options: Any) -> Any:
    """What a socket with these headers gets: a status, a close code, or "open" with its extensions."""

    async def attempt() -> Any:
        origin = options.pop("origin", server.origin)
        try:
            async with connect(server.origin.replace("http", "ws") + "/ws/", origin=origin, **options) as line:
                extensions = line.response.headers.get("Sec-WebSocket-Extensions")
                try:
                    await asyncio.wait_for(line.recv(), 1)
                except TimeoutError:
                    return "open", extensions
                except ConnectionClosed as closed:
                    return closed.rcvd.code if closed.rcvd else 1006, extensions
        except InvalidStatus as refused:
            return refused.response.status_code, None
        return "open", extensions

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, attempt()).result()


def test_a14_one_asker_cannot_empty_the_prekeys_of_another(people):
    away_from_the_turn(3600, 30)
    victim, asker = people["bob"], people["mallory"]
    wanted = {"uid": victim.uid.hex(), "dids": [victim.keyring.device.did.hex()]}
    asked = [asker.web.post("/api/keys/prekeys/fetch/", **wanted)["prekeys"] for _ in range(50)]
    given = [one["opk"] for prekeys in asked for one in prekeys.values()]
    assert sum(one is not None for one in given) <= 5
    assert victim.web.get("/api/keys/prekeys/")["opk_left"] >= 10
    tries = [refusal(asker.web.post, "/api/keys/prekeys/fetch/", **wanted) for _ in range(20)]
    assert tries[-1] == (429, "TOO_MANY"), "sixty an hour"


def test_a57_nothing_is_compressed_before_or_on_the_wire(server, people):
    cookies = {"Cookie": people["alice"].web.cookies}
    assert handshake(server, additional_headers=cookies, compression="deflate") == ("open", None)
    request = Request(f"{server.origin}/api/people/", headers={**cookies, "Accept-Encoding": "gzip, br, zstd"})
    with urlopen(request, timeout=10) as answer:
        assert answer.headers.get("Content-Encoding") is None


def test_a95_a_password_alone_opens_no_door(server, people):
    web = half_way(server, people["alice"].credentials)
    assert {refusal(web.get, door) for door in DOORS} == {(401, "LOGIN_REQUIRED")}
    for page in PAGES:
        assert "data-part=" not in web.page(page) or "/second-step/" in web.page(page), page
    assert handshake(server, additional_headers={"Cookie": web.cookies})[0] in {403, 4401}
    assert refusal(web.page, "/admin/login/")[0] in {200, 403, 404}
    assert not is_inside(web)


def test_a96_a_half_open_session_adds_no_second_step(server, people):
    web = half_way(server, people["bob"].credentials)
    page = web.page("/second-step/set-up/app/")
    assert APP_SECRET.search(page) is None
    for door in ("/second-step/set-up/app/", "/second-step/set-up/email/", "/second-step/recovery/keep/"):
        refusal(web.submit, door, {"code": "123456", "kept": "on", "email": "mallory@example.org"})
    assert not is_inside(web)


def test_a98_foreign_pages_open_no_socket_and_post_nothing(server, people):
    web = people["alice"].web
    for origin in ("https://evil.example", "null", None):
        outcome = handshake(server, origin=origin, additional_headers={"Cookie": web.cookies})
        assert outcome[0] in {403, 4401, 4403}, origin
    stranger = Web(server.origin)
    stranger._jar = web._jar
    stranger._csrf = lambda: ""
    assert refusal(stranger.post, "/api/keys/nonce/")[0] == 403
    assert handshake(server, additional_headers={"Cookie": web.cookies})[0] == "open"


def test_a99_absent_and_foreign_look_alike(people):
    alice, bob, mallory = people["alice"], people["bob"], people["mallory"]
    cid = alice.open_conversation(bob.uid)["cid"]
    for path in (f"/api/conversations/{cid}/events/", f"/api/conversations/{'0' * 32}/events/"):
        assert refusal(mallory.web.get, path, after=0, limit=10) == (404, "NOT_FOUND")
        body = {"f": "post", "cid": path.split("/")[3], "client_id": "0", "kind": "message", "blob": ""}
        assert refusal(mallory.web.post, path, **body)[0] in {400, 404}


def test_a100_a_field_that_is_not_asked_for_is_refused(people):
    web, uid = people["alice"].web, people["bob"].uid.hex()
    for name in ("is_staff", "sender", "seq", "created_at", "epoch", "uids"):
        assert refusal(web.post, "/api/conversations/", uid=uid, **{name: 1}) == (400, "BAD_REQUEST"), name
        assert refusal(web.post, "/api/keys/nonce/", **{name: 1}) == (400, "BAD_REQUEST"), name
    assert web.get("/api/me/")["staff"] is False


def test_a103_a_frame_that_is_too_large_ends_the_line(server, people):
    cookies = {"Cookie": people["mallory"].web.cookies}

    async def flood(size: int) -> int:
        address = server.origin.replace("http", "ws") + "/ws/"
        async with connect(address, origin=server.origin, additional_headers=cookies, max_size=None) as line:
            try:
                await line.send(json.dumps({"f": "hello", "did": "x" * size}))
                while True:
                    await asyncio.wait_for(line.recv(), 10)
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 1006

    with ThreadPoolExecutor(1) as thread:
        codes = [thread.submit(asyncio.run, flood(size)).result() for size in (300_000, 2_000_000)]
    assert codes[0] == 4413
    assert codes[1] in {1006, 1009, 4413}
    assert people["alice"].web.get("/api/me/")["name"] == "alice"


def test_a97_a_log_out_ends_session_and_socket(server):
    web = Web(server.origin)
    web.page("/login/")
    before = web.cookies
    leaver = Person(web, sign_up(web, name="leaver", password=PASSWORD, display_name="Leaver"))
    assert {part for part in before.split("; ") if "csrf" not in part}.isdisjoint(web.cookies.split("; "))
    leaver.make_keys(opks=1)
    leaver.publish()

    async def leave() -> float:
        address, cookies = server.origin.replace("http", "ws") + "/ws/", {"Cookie": web.cookies}
        async with connect(address, origin=server.origin, additional_headers=cookies) as line:
            hello = {"f": "hello", "did": leaver.keyring.device.did.hex(), "cursors": {}, "incarnation": None}
            await line.send(json.dumps(hello))
            assert json.loads(await line.recv())["f"] == "welcome"
            await asyncio.to_thread(web.submit, "/logout/", {})
            began = time.monotonic()
            await asyncio.wait_for(line.wait_closed(), 8)
            assert line.close_code == 4401
            return time.monotonic() - began

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(asyncio.run, leave()).result() < 5
    assert not is_inside(web)
