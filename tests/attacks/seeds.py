"""Puts many people or sessions into a server's own database, where making them through the pages would take minutes.

python -m tests.attacks.seeds crowd NUMBER          crowd00000 ... with passwords that nobody knows; every
                                                    third is switched off
python -m tests.attacks.seeds half-way NAME NUMBER  prints the keys of sessions that have proved the password
                                                    only, each in a browser of its own that is known
    python -m tests.attacks.seeds conversation NUMBER   alice and bob in one chat at epoch 0, each with so many
                                                        browsers; prints {cid, alice: {uid, browsers: [{did,
                                                        session}]}, bob: ...} as JSON
    python -m tests.attacks.seeds new-root NAME [SEED]  what an operator can do: a bundle under a root key of their
                                                        own, signed by the old root when its seed is known
    python -m tests.attacks.seeds inside NAME           prints the key of a session with password and second step
"""

import json
import subprocess
import sys
from typing import Any

import django

from tests.browser.server import ROOT, Site


def run(site: Site, *words: str) -> str:
    """What a command prints, in the environment of a site."""
    command = [sys.executable, "-m", "tests.attacks.seeds", *words]
    done = subprocess.run(command, cwd=ROOT, env=site.environment, capture_output=True, text=True, check=True)
    return done.stdout


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


def conversation(browsers: int) -> dict[str, Any]:
    from uuid import uuid4

    from accounts.tests.people import log_in, make_person
    from conversations import services
    from conversations.tests.outfit import Visitor, start_record
    from keys.tests.owners import Owner

    owners = [Owner(make_person(name), browsers) for name in ("alice", "bob")]
    words: dict[str, Any] = {}
    for owner in owners:
        owner.publish([browser.spk() for browser in owner.browsers])
        words[owner.user.name] = {"uid": owner.user.uid.hex, "browsers": []}
        for browser in owner.browsers:
            session = log_in(owner.user).session
            session["did"] = browser.id.hex
            session.save()
            words[owner.user.name]["browsers"].append({"did": browser.id.hex, "session": session.session_key})
    alice, bob = (Visitor(None, owner.user.uid, owner.browsers[0].id, owner) for owner in owners)  # type: ignore[arg-type]
    words["cid"] = (cid := services.open_conversation(uid=alice.uid, other=bob.uid).cid).hex
    record = start_record(cid, alice, bob)
    services.post(uid=alice.uid, did=alice.did, cid=cid, client_id=uuid4(), kind="record", blob=record)
    return words


def new_root(name: str, old_seed: str = "") -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from accounts.models import User
    from keys.tests.owners import Owner

    owner = Owner(User.objects.get(name=name))
    newest = owner.user.bundles.newest()
    owner.version, owner.prev_hash = newest.version, bytes(newest.bundle_hash)
    old_root = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(old_seed)) if old_seed else None
    owner.publish([owner.browsers[0].spk()], old_root=old_root)


def inside(name: str) -> str:
    from accounts.models import User
    from accounts.tests.people import log_in

    return str(log_in(User.objects.get(name=name)).session.session_key)


if __name__ == "__main__":
    django.setup()
    match sys.argv[1]:
        case "crowd":
            crowd(int(sys.argv[2]))
        case "half-way":
            print("\n".join(half_way(sys.argv[2], int(sys.argv[3]))))
        case "new-root":
            new_root(*sys.argv[2:])
        case "inside":
            print(inside(sys.argv[2]))
        case "conversation":
            print(json.dumps(conversation(int(sys.argv[2]))))
