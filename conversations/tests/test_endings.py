"""Real accounts, real devices: whatever ends a login or a device closes the socket within five seconds."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings

from accounts import services as accounts
from accounts.models import AccountSession, User
from accounts.tests.people import PASSWORD
from chatproject.lib import bridge
from chatproject.lib.encoding import to_base64url
from chatproject.lib.perloop import PerLoop
from conversations import consumers, delivery, lobby, revalidation
from conversations.routing import application_for_websockets
from conversations.tests.outfit import Visitor, make_visitor
from conversations.tests.sockets import PatientCommunicator, close_code
from keys.tests.owners import Browser

pytestmark = [pytest.mark.django_db(transaction=True, databases="__all__"), pytest.mark.asyncio]
END_SECONDS = 5.0


@pytest.fixture(autouse=True)
def bells_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No round comes meanwhile."""
    monkeypatch.setattr(revalidation, "REVALIDATE_SECONDS", 3600.0)


def line_of(visitor: Visitor, *, client: str = "203.0.113.7") -> WebsocketCommunicator:
    cookie = f"{settings.SESSION_COOKIE_NAME}={visitor.session_key}".encode()
    headers = [(b"cookie", cookie), (b"origin", settings.ALLOWED_ORIGINS[0].encode())]
    line = PatientCommunicator(application_for_websockets(), "/ws/", headers=headers)
    line.scope["client"] = [client, 4711]
    return line


async def open_line(visitor: Visitor) -> WebsocketCommunicator:
    line = line_of(visitor)
    assert (await line.connect(5))[0]
    await line.send_json_to({"f": "hello", "did": visitor.did.hex, "cursors": {}, "incarnation": None})
    assert (await line.receive_json_from(5))["f"] == "welcome"
    return line


async def at_once() -> None:
    pass


async def expect_closed(
    end: Callable[[Visitor], None], code: int, *, seconds: float, when: Callable[[], Awaitable[None]] = at_once
) -> None:
    """Alice's socket, in so many seconds at most, for what happens to her login or device; and nobody else's."""
    alice, bob = await bridge.run(make_visitor, "alice"), await bridge.run(make_visitor, "bob")
    line, other = await open_line(alice), await open_line(bob)
    await when()
    await bridge.run(end, alice)
    async with asyncio.timeout(seconds):
        assert await close_code(line) == code
    assert await other.receive_nothing(), "nobody else's"
    await line.disconnect()
    await other.disconnect()


def log_out(visitor: Visitor) -> None:
    visitor.client.post("/logout/")


def log_out_everywhere(visitor: Visitor) -> None:
    accounts.end_sessions(user=User.objects.get(uid=visitor.uid))


def end_this_session_from_another(visitor: Visitor) -> None:
    accounts.end_session(
        user=User.objects.get(uid=visitor.uid), session_id=AccountSession.objects.get(user_id=visitor.uid).id
    )


def be_switched_off(visitor: Visitor) -> None:
    accounts.set_active(user=User.objects.get(uid=visitor.uid), active=False)


def lose_or_get_staff_rights(visitor: Visitor) -> None:
    accounts.set_staff(user=User.objects.get(uid=visitor.uid), staff=True)


def change_the_password(visitor: Visitor) -> None:
    answer = visitor.client.post("/account/password/", {"old": PASSWORD, "new": "seven quiet lamps burn"})
    assert answer.status_code == 302


def publish_without_this_device(visitor: Visitor) -> None:
    owner = visitor.owner
    owner.browsers = [Browser(visitor.uid.bytes)]
    body = {"bundle": to_base64url(owner.bundle()), "prekeys": []}
    answer = visitor.client.post("/api/keys/publish/", json.dumps(body), content_type="application/json")
    assert answer.status_code == 200, answer.content


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (log_out, 4401),
        (log_out_everywhere, 4401),
        (end_this_session_from_another, 4401),
        (be_switched_off, 4401),
        (lose_or_get_staff_rights, 4401),
        (change_the_password, 4401),
        (publish_without_this_device, 4403),
    ],
)
async def test_it_closes_the_socket(end: Callable[[Visitor], None], code: int) -> None:
    await expect_closed(end, code, seconds=END_SECONDS)


async def test_a_process_without_sockets_tells_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(delivery._Desk, "tell", lambda self, uids, message, key: told.append((list(uids), message)))
    monkeypatch.setattr(delivery, "_desk", PerLoop(delivery._Desk))
    delivery.begin()
    alice = await bridge.run(make_visitor, "alice")
    await bridge.run(log_out_everywhere, alice)
    await asyncio.sleep(0.05)
    assert told == [([alice.uid], {"type": "recheck"})]


async def test_sockets_that_say_nothing_are_so_many_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lobby, "MAX_WAITING_A_NETWORK", 2)
    alice = await bridge.run(make_visitor, "alice")
    lines = [line_of(alice) for _ in range(3)]
    assert [(await line.connect(5))[0] for line in lines] == [True, True, False]
    elsewhere = line_of(alice, client="198.51.100.1")
    assert (await elsewhere.connect(5))[0]
    await lines[0].disconnect()
    again = await open_line(alice)
    after_hello = line_of(alice)
    assert (await after_hello.connect(5))[0], "who has said hello counts no more"
    for line in (*lines[1:2], elsewhere, again, after_hello):
        await line.disconnect()
    assert not lobby._waiting


async def test_a_bell_never_comes_before_the_welcome(monkeypatch: pytest.MonkeyPatch) -> None:
    alice = await bridge.run(make_visitor, "alice")
    standing = consumers.postbox.standing

    async def ring_meanwhile(login: Any) -> Any:
        found = await standing(login)
        delivery.ring_log([alice.uid], log_size=77)
        await asyncio.sleep(0.05)
        return found

    monkeypatch.setattr(consumers.postbox, "standing", ring_meanwhile)
    line = await open_line(alice)
    assert await line.receive_json_from(5) == {"f": "bell", "log_size": 77}
    await line.disconnect()
