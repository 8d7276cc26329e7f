"""Puts many people or sessions into a server's own database, where making them through the pages would take minutes.

python -m tests.attacks.seeds crowd NUMBER          crowd00000 ... with passwords that nobody knows; every
                                                    third is switched off
python -m tests.attacks.seeds half-way NAME NUMBER  prints the keys of sessions that have proved the password
                                                    only, each in a browser of its own that is known
"""

import sys

import django


def crowd(number: int) -> None:
    from django.contrib.auth.hashers import make_password

    from accounts.models import User

    nobodys = make_password("known to nobody at all")
    people = [
        User(name=f"crowd{n:05d}", display_name=f"Crowd {n}", password=nobodys, is_active=n % 3 > 0)
        for n in range(number)
    ]
    User.objects.bulk_create(people)


def half_way(name: str, number: int) -> list[str]:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from accounts.models import User
    from accounts.services.sessions import KNOWN_KEY, begin_session

    user, made = User.objects.get(name=name), []
    for n in range(number):
        session = SessionStore()
        session.update({SESSION_KEY: str(user.pk), HASH_SESSION_KEY: user.get_session_auth_hash()})
        session.update(
            {BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend", KNOWN_KEY: f"{user.uid.hex}:{n}"}
        )
        begin_session(session=session, user=user, browser="")
        session.create()
        made.append(session.session_key)
    return made


if __name__ == "__main__":
    django.setup()
    if sys.argv[1] == "crowd":
        crowd(int(sys.argv[2]))
    else:
        print("\n".join(half_way(sys.argv[2], int(sys.argv[3]))))
