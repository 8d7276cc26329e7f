"""The second step at a real server of two processes: codes said twice or at once, other doors, what a change ends."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from accounts.middleware import OPEN_TO_ALL
from accounts.tests.test_gate import every_address
from reference import wire
from reference.login import FACTORS, log_in
from reference.person import Person
from reference.web import Web
from tests.attacks.doors import FACTOR, Answer, Visitor
from tests.attacks.guarded import PASSWORD, Guarded, Resident
from tests.browser.server import code_in

pytestmark = pytest.mark.browser
NEW_PASSWORD = "seven quiet lamps burn low"
RESETS = [
    "/password_reset/",
    "/accounts/password_reset/",
    "/reset/",
    "/account/password/reset/",
    "/admin/password_reset/",
]


def half_way(guarded: Guarded, name: str, *, process: int = 0, network: str = "198.51.100.9") -> Visitor:
    visitor = guarded.visitor(network, process=process)
    assert visitor.type_password(name, PASSWORD).location == "/second-step/"
    return visitor


def is_entrance(answer: Answer) -> bool:
    return answer.status == 302 and answer.location == "/chat/"


def test_a93_a_code_works_once_whichever_process_is_asked(guarded):
    owner = guarded.person("seenonce")
    code = owner.next_code()
    first, second = half_way(guarded, "seenonce"), half_way(guarded, "seenonce", process=1)
    assert is_entrance(first.type_code(code))
    assert second.type_code(code).status in {400, 429}
    assert half_way(guarded, "seenonce").type_code(code).status in {400, 429}
    assert not second.is_inside


def test_a94_of_fifty_equal_codes_at_once_one_is_taken(guarded, full):
    owner = guarded.person("raced")
    code, keys = owner.next_code(), guarded.seed("half-way", "raced", "50" if full else "16")
    visitors = [guarded.visitor(f"198.51.{n}.1", process=n % 2) for n in range(len(keys))]
    for visitor, key in zip(visitors, keys, strict=True):
        visitor.cookies["session"] = key
        visitor.factor = visitors[0].factor or visitor.app_factor()
    with ThreadPoolExecutor(len(visitors)) as pool:
        answers = list(pool.map(lambda visitor: visitor.type_code(code), visitors))
    assert sum(map(is_entrance, answers)) == 1, [answer.status for answer in answers]
    assert {answer.status for answer in answers} == {302, 400}, "and nothing broke"
    assert sum(visitor.is_inside for visitor in visitors) == 1


@pytest.mark.thorough
def test_a95_a_password_alone_is_stopped_at_every_door(guarded):
    guarded.person("halfway")
    visitor = half_way(guarded, "halfway")
    closed = [path for name, path in every_address() if name not in OPEN_TO_ALL]
    assert {"/account/", "/admin/", "/api/me/", "/chat/", "/admin/login/"} <= set(closed)
    for path in closed:
        for answer in (visitor.get(path), visitor.post(path)):
            inside = answer.status == 302 and not answer.location.startswith(("/login/", "/second-step/", "/admin/"))
            assert answer.status in {301, 302, 401, 404, 405}, (path, answer.status)
            assert not inside, (path, answer.location)
    for path in ("/", "/login/", "/second-step/", "/second-step/set-up/", "/second-step/recovery/"):
        assert "<chat-app" not in visitor.get(path).text, path
    assert not visitor.is_inside


def test_a95_there_is_no_way_to_reset_a_password_and_no_way_out_of_the_site(guarded):
    owner = guarded.person("onward")
    assert not [name for name, _ in every_address() if "reset" in name]
    assert {guarded.visitor().get(path).status for path in RESETS} <= {302, 404}
    for target in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        visitor = guarded.visitor("198.51.100.77")
        visitor.cookies |= {name: value for name, value in owner.home.cookies.items() if name == "known_browser"}
        assert visitor.post("/login/", name="onward", password=PASSWORD, next=target).location == "/second-step/"
        factor = recovery_factor(visitor.get("/second-step/"))
        entered = visitor.post("/second-step/", factor=factor, code=owner.recovery_code())
        assert entered.location == "/chat/", target


def recovery_factor(page: Answer) -> str:
    return unquote(FACTORS["recovery"].search(page.text)[0])


def present(owner: Resident) -> None:
    """Password and a code, typed in the browser that is inside."""
    page = owner.home.get("/account/confirm/")
    fields = {"factor": recovery_factor(page), "password": PASSWORD, "code": owner.recovery_code()}
    assert owner.home.post("/account/confirm/", **fields).location == "/account/"


def test_a96_a_full_login_changes_no_second_step_without_password_and_code(guarded):
    owner = guarded.person("hijacked")
    for path in ("/second-step/set-up/app/", "/second-step/set-up/email/", "/second-step/recovery/"):
        assert "/account/confirm/" in owner.home.get(path).location + owner.home.post(path).location, path
    assert owner.home.post("/account/factors/app/remove/").location == "/account/confirm/"
    wrong = owner.home.post(
        "/account/confirm/",
        factor=FACTOR.search(owner.home.get("/account/confirm/").text)[0],
        password=PASSWORD,
        code="000000",
    )
    assert wrong.status == 400
    assert owner.home.post("/account/factors/app/remove/").location == "/account/confirm/"


def test_a96_a_new_second_step_is_told_by_mail_and_ends_the_other_sessions(guarded):
    owner = guarded.person("adding")
    elsewhere = Web(guarded.origin)
    log_in(elsewhere, owner.credentials)
    other = Visitor(guarded.origin, cookies={cookie.name: cookie.value or "" for cookie in elsewhere._jar})
    assert other.is_inside
    present(owner)
    assert owner.home.post("/second-step/set-up/email/").status == 200
    code = code_in(guarded.site.mail_to("adding@example.org"))
    assert owner.home.post("/second-step/set-up/email/", code=code).location == "/account/"
    assert not other.is_inside
    assert owner.home.is_inside
    assert "second step was added" in guarded.site.mail_to("adding@example.org", after=1)
    assert owner.home.post("/account/factors/app/remove/").location == "/account/"
    assert "removed" in guarded.site.mail_to("adding@example.org", after=2)


def test_a97_each_step_up_gives_the_session_a_new_key(guarded):
    owner = guarded.person("stepping")
    planted = guarded.visitor("198.51.100.30")
    planted.cookies["session"] = "planted" + "x" * 25
    keys = [planted.cookies["session"]]
    planted.type_password("stepping", PASSWORD)
    keys.append(planted.cookies["session"])
    planted.type_code(owner.next_code())
    keys.append(planted.cookies["session"])
    page = planted.get("/account/confirm/")
    fields = {"factor": recovery_factor(page), "password": PASSWORD, "code": owner.recovery_code()}
    planted.post("/account/confirm/", **fields)
    keys.append(planted.cookies["session"])
    assert len(set(keys)) == 4
    for key in keys[:-1]:
        assert not Visitor(guarded.origin, cookies={"csrf": "a" * 32, "session": key}).is_inside


def test_a97_a_new_password_ends_other_sessions_and_their_sockets(guarded):
    owner = guarded.person("renewing")
    web = Web(guarded.origin)
    log_in(web, owner.credentials)
    elsewhere = Person(web, owner.credentials)
    elsewhere.make_keys(opks=1)
    elsewhere.publish()
    session = next(cookie.value for cookie in web._jar if cookie.name == "session")

    async def change() -> float:
        where, cookies = guarded.origin.replace("http", "ws") + "/ws/", {"Cookie": web.cookies}
        async with connect(where, origin=guarded.origin, additional_headers=cookies, proxy=None) as line:
            await line.send(wire.hello(elsewhere.keyring.device.did, {}, None))
            assert isinstance(wire.parse(await line.recv()), wire.Welcome)
            fields = {"old": PASSWORD, "new": NEW_PASSWORD}
            assert (await asyncio.to_thread(lambda: owner.home.post("/account/password/", **fields))).status == 302
            began = time.monotonic()
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(line.recv(), 8)
            assert line.close_code == 4401
            return time.monotonic() - began

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(asyncio.run, change()).result() < 5
    assert not Visitor(guarded.origin, cookies={"csrf": "a" * 32, "session": session}).is_inside
    assert owner.home.is_inside
    assert "password" in guarded.site.mail_to("renewing@example.org").lower()
    assert guarded.visitor("198.51.100.31").type_password("renewing", PASSWORD).status == 400
