"""People with sessions: `python -m bench.naive.crowd PEOPLE`; makes the tables, prints one JSON object."""

import json
import sys
from typing import Any

import django


def main(arguments: list[str]) -> int:
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from bench.naive.models import Message

    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Message)
    people = [_person(f"person{number}") for number in range(int(arguments[0]))]
    print(json.dumps({"people": people}))
    return 0


def _person(name: str) -> dict[str, Any]:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
    from django.contrib.sessions.backends.db import SessionStore

    user = get_user_model().objects.create(username=name)
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session.create()
    return {"name": name, "session": session.session_key}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
