"""A list or a page costs the same number of queries however long it is."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import throttles
from accounts.models import User
from accounts.tests.people import PASSWORD, log_in, make_person
from conversations import services
from conversations.models import Conversation, Cursor, Event
from conversations.tests.world import World, fixed_id

pytestmark = pytest.mark.django_db(databases="__all__")
MANY = 30


def cost(read: Callable[[], Any]) -> int:
    """Queries on both databases, when nothing has to be warmed any more."""
    read()
    aliases = {"default", settings.MESSAGES_ALIAS}
    found = [CaptureQueriesContext(connections[alias]) for alias in aliases]
    for each in found:
        each.__enter__()
    read()
    for each in found:
        each.__exit__(None, None, None)
    return sum(map(len, found))


def talk_with_many(user: User) -> None:
    now = timezone.now()
    for number in range(MANY):
        lo, hi = sorted((user.uid, fixed_id(f"friend {number}")))
        Conversation.objects.create(uid_lo=lo, uid_hi=hi, started_by=lo, started_at=now, updated_at=now, seq=1)


def say_much(user: User, count: int) -> None:
    talk = Conversation.objects.of(user.uid).first()
    assert talk
    first = Event.objects.filter(conversation=talk).count()
    for number in range(first, first + count):
        Event.objects.create(
            conversation=talk, seq=100 + number, kind="message", uid=user.uid, did=uuid4(), client_id=uuid4(),
            sha256=bytes(32), blob=bytes(1171), epoch=0, counter=number, at=timezone.now(),
        )  # fmt: skip
        Cursor.objects.create(conversation=talk, did=uuid4(), upto=number)


@pytest.fixture
def reader(world: World) -> User:
    user = make_person("reader")
    now = timezone.now()
    lo, hi = sorted((user.uid, world.bob.uid))
    Conversation.objects.create(uid_lo=lo, uid_hi=hi, started_by=lo, started_at=now, updated_at=now)
    return user


def test_the_list_of_conversations(reader: User) -> None:
    client = log_in(reader)
    few = cost(lambda: client.get("/api/conversations/"))
    talk_with_many(reader)
    assert cost(lambda: client.get("/api/conversations/")) == few
    assert len(client.get("/api/conversations/").json()["conversations"]) == MANY + 1


def test_the_heads_of_a_welcome(reader: User) -> None:
    few = cost(lambda: services.heads_of([reader.uid]))
    talk_with_many(reader)
    assert cost(lambda: services.heads_of([reader.uid])) == few == 1
    assert len(services.heads_of([reader.uid])[reader.uid]) == MANY + 1


def test_heartbeats_of_many_people(reader: User) -> None:
    talk_with_many(reader)
    friends = [fixed_id(f"friend {number}") for number in range(MANY)]
    assert cost(lambda: services.heads_of([reader.uid, *friends])) == 1
    found = services.heads_of([reader.uid, *friends])
    assert [len(found[uid]) for uid in (reader.uid, *friends)] == [MANY + 1, *([1] * MANY)]


def test_a_pull(reader: User) -> None:
    talk = Conversation.objects.of(reader.uid).get()
    few = cost(lambda: services.pull(uid=reader.uid, cid=talk.cid, after=0, limit=200))
    say_much(reader, MANY)
    assert cost(lambda: services.pull(uid=reader.uid, cid=talk.cid, after=0, limit=200)) == few == 2
    assert len(services.pull(uid=reader.uid, cid=talk.cid, after=0, limit=200)) == MANY


@pytest.mark.parametrize("name", ["conversation", "event", "cursor"])
def test_what_staff_list(reader: User, name: str) -> None:
    client = log_in(make_person("root-user", is_staff=True, is_superuser=True))
    address = reverse(f"admin:conversations_{name}_changelist")
    say_much(reader, 1)
    few = cost(lambda: client.get(address))
    talk_with_many(reader)
    say_much(reader, MANY)
    assert cost(lambda: client.get(address)) == few


def test_a_login_with_many_conversations(reader: User) -> None:
    def login() -> None:
        throttles.forgive(throttles.LOGIN_ACCOUNT, reader.name)
        answer = Client().post("/login/", {"name": reader.name, "password": PASSWORD})
        assert answer.status_code == 302

    few = cost(login)
    talk_with_many(reader)
    assert cost(login) == few


def test_the_list_of_people_that_staff_see(reader: User) -> None:
    client = log_in(make_person("root-user", is_staff=True, is_superuser=True))
    address = reverse("admin:accounts_user_changelist")
    few = cost(lambda: client.get(address))
    for number in range(MANY):
        make_person(f"person{number}")
    assert cost(lambda: client.get(address)) == few
