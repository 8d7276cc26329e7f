"""What reading costs a person who knows many: `python -m bench.reads PEOPLE CONVERSATIONS`, in a server's environment.

Makes the people, the conversations and 200 events of one of them; prints latencies (inside the process, without the
network) and numbers of queries as one JSON object.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

TIMES = 30
EVENTS = 200
CHUNK = 1_000


def main(arguments: list[str]) -> int:
    import django

    django.setup()
    from django.conf import settings

    settings.ALLOWED_HOSTS = ["*"]
    people, conversations = (int(word) for word in arguments)
    print(json.dumps({name: _measured(read) for name, read in _reads(people, conversations).items()}))
    return 0


def _reads(people: int, conversations: int) -> dict[str, Callable[[], Any]]:
    from django.conf import settings
    from django.contrib.auth import authenticate
    from django.core.cache import cache

    from accounts.tests.people import PASSWORD, log_in, make_person
    from conversations import services

    reader = make_person("reader-of-many")
    staff = make_person("reader-of-all", is_staff=True, is_superuser=True)
    cids = _fill(reader, people, conversations)
    client, admin = log_in(reader), log_in(staff)

    def get(url: str, who: Any = client) -> Any:
        cache.clear()  # the limits of tries are kept there
        answer = who.get(url, HTTP_HOST="127.0.0.1")
        assert answer.status_code == 200, (url, answer.status_code)
        return answer

    return {
        f"people: a page of 100 of {people:,}": lambda: get("/api/people/?limit=100"),
        "people: a search": lambda: get("/api/people/?q=pers&limit=50"),
        f"list of {conversations} conversations": lambda: get("/api/conversations/"),
        f"heads of {conversations} conversations": lambda: services.heads_of([reader.uid]),
        f"pull of {EVENTS} events": lambda: services.pull(uid=reader.uid, cid=cids[0], after=0, limit=EVENTS),
        "login: the password (Argon2id, slow on purpose)": lambda: authenticate(
            username=reader.name, password=PASSWORD
        ),
        "admin: people": lambda: get(f"/{settings.ADMIN_PATH}/accounts/user/", admin),
        "admin: conversations": lambda: get(f"/{settings.ADMIN_PATH}/conversations/conversation/", admin),
        "admin: events": lambda: get(f"/{settings.ADMIN_PATH}/conversations/event/", admin),
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


def _measured(read: Callable[[], Any]) -> dict[str, float]:
    from django.db.backends.utils import CursorWrapper

    queries: list[str] = []
    execute = CursorWrapper.execute

    def counted(cursor: Any, sql: Any, params: Any = None) -> Any:
        queries.append(str(sql))
        return execute(cursor, sql, params)

    read()
    with patch.object(CursorWrapper, "execute", counted):  # in whatever thread: views hop
        read()
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        read()
        taken.append(1000 * (time.perf_counter() - began))
    return {"queries": len(queries), "p50_ms": statistics.median(taken), "worst_ms": max(taken)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
