"""What reading costs a person who knows many: `python -m bench.reads PEOPLE CONVERSATIONS`, in a server's environment.

Makes the people, the conversations and 200 events of one of them; prints latencies (inside the process, without the
network) and numbers of queries as one JSON object.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

TIMES = 30
EVENTS = 200
CHUNK = 1_000
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Read:
    """What is measured, and what makes it ready each time without being measured."""

    do: Callable[[], Any]
    ready: Callable[[], Any] = lambda: None


class Entrance:
    """The two posts of a login, as a browser that was never here makes them: the password, then an app's code."""

    def __init__(self, user: Any) -> None:
        self._user = user

    def ready_for_password(self) -> None:
        """Nobody has tried before, and no code is spent."""
        from django.core.cache import cache
        from django.test import Client

        from accounts.models import TOTPFactor
        from accounts.tests.people import app_code

        cache.clear()
        factors = TOTPFactor.objects.filter(user=self._user)
        factors.update(last_t=-1)
        self._browser, self._code = Client(), {"factor": factors.get().persistent_id, "code": app_code(self._user)}

    def ready_for_code(self) -> None:
        self.ready_for_password()
        self.type_password()

    def type_password(self) -> None:
        from accounts.tests.people import PASSWORD

        self._post("/login/", {"name": self._user.name, "password": PASSWORD}, leads_to="/second-step/")

    def type_code(self) -> None:
        self._post("/second-step/", self._code, leads_to="/chat/")

    def _post(self, url: str, fields: dict[str, str], *, leads_to: str) -> None:
        answer = self._browser.post(url, fields, HTTP_HOST=HOST)
        assert (answer.status_code, answer.get("Location")) == (302, leads_to), (url, answer.status_code)


def main(arguments: list[str]) -> int:
    import django

    django.setup()
    from django.conf import settings

    settings.ALLOWED_HOSTS = ["*"]
    people, conversations = (int(word) for word in arguments)
    print(json.dumps({name: _measured(read) for name, read in _reads(people, conversations).items()}))
    return 0


def _reads(people: int, conversations: int) -> dict[str, Read]:
    from django.conf import settings
    from django.core.cache import cache

    from accounts.tests.people import log_in, make_person
    from conversations import services

    reader = make_person("reader-of-many")
    staff = make_person("reader-of-all", is_staff=True, is_superuser=True)
    cids = _fill(reader, people, conversations)
    client, admin, entrance = log_in(reader), log_in(staff), Entrance(reader)

    def page(url: str, who: Any = client) -> Read:
        def get() -> None:
            answer = who.get(url, HTTP_HOST=HOST)
            assert answer.status_code == 200, (url, answer.status_code)

        return Read(get, cache.clear)  # the limits of tries are kept there

    return {
        f"people: a page of 100 of {people:,}": page("/api/people/?limit=100"),
        "people: a search": page("/api/people/?q=pers&limit=50"),
        f"list of {conversations} conversations": page("/api/conversations/"),
        f"heads of {conversations} conversations": Read(lambda: services.heads_of([reader.uid])),
        f"pull of {EVENTS} events": Read(lambda: services.pull(uid=reader.uid, cid=cids[0], after=0, limit=EVENTS)),
        "login: POST /login/ (Argon2id, slow on purpose)": Read(entrance.type_password, entrance.ready_for_password),
        "login: POST /second-step/": Read(entrance.type_code, entrance.ready_for_code),
        "admin: people": page(f"/{settings.ADMIN_PATH}/accounts/user/", admin),
        "admin: conversations": page(f"/{settings.ADMIN_PATH}/conversations/conversation/", admin),
        "admin: events": page(f"/{settings.ADMIN_PATH}/conversations/event/", admin),
    }


def _fill(reader: Any, people: int, conversations: int) -> list[Any]:
    from django.utils import timezone

    from accounts.models import User
    from conversations.models import Conversation, Event, random_id

    names = [f"person-of-many-{number:05}" for number in range(people)]
    made = [User.objects.create_user(name) for name in names[:conversations]]
    rows = [User(name=name, display_name=name, password="!") for name in names[conversations:]]
    for first in range(0, len(rows), CHUNK):
        User.objects.get_queryset().bulk_create(rows[first : first + CHUNK])
    now, talks = timezone.now(), []
    for other in made:
        lo, hi = sorted((reader.uid, other.uid))
        talks.append(Conversation(uid_lo=lo, uid_hi=hi, started_by=lo, started_at=now, updated_at=now, seq=EVENTS))
    Conversation.objects.bulk_create(talks)
    did = random_id()
    events = [
        Event(
            conversation=talks[0], seq=number + 1, kind="message", uid=reader.uid, did=did, client_id=random_id(),
            sha256=bytes(32), blob=bytes(1171), epoch=0, counter=number, at=now,
        )
        for number in range(EVENTS)
    ]  # fmt: skip
    Event.objects.bulk_create(events)
    return [talk.cid for talk in talks]


def _measured(read: Read) -> dict[str, float]:
    from django.db.backends.utils import CursorWrapper

    queries: list[str] = []
    execute = CursorWrapper.execute

    def counted(cursor: Any, sql: Any, params: Any = None) -> Any:
        queries.append(str(sql))
        return execute(cursor, sql, params)

    _taken(read)
    read.ready()
    with patch.object(CursorWrapper, "execute", counted):  # in whatever thread: views hop
        read.do()
    taken = [_taken(read) for _ in range(TIMES)]
    return {"queries": len(queries), "p50_ms": statistics.median(taken), "worst_ms": max(taken)}


def _taken(read: Read) -> float:
    """Milliseconds."""
    read.ready()
    began = time.perf_counter()
    read.do()
    return 1000 * (time.perf_counter() - began)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
