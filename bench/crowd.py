"""People for a bench: `python -m bench.crowd PAIRS OTHERS DEVICES`, in the environment of a server.

Real accounts with full logins, real published bundles, a START of each pair; prints one JSON object with the cookies.
First the people of the pairs, with a browser each, then so many who talk to nobody, with so many browsers each.
"""

import json
import sys
from typing import Any


def main(arguments: list[str]) -> int:
    import django

    django.setup()
    pairs, others, devices = (int(word) for word in arguments)
    crowd = [_person(f"person{number}", 1 if number < 2 * pairs else devices) for number in range(2 * pairs + others)]
    conversations = [
        {**_conversation(crowd[2 * number], crowd[2 * number + 1]), "from": 2 * number, "to": 2 * number + 1}
        for number in range(pairs)
    ]
    print(json.dumps({"people": [_words(person) for person in crowd], "conversations": conversations}))
    return 0


def _person(name: str, devices: int) -> dict[str, Any]:
    from accounts.tests.people import log_in, make_person
    from keys.tests.owners import Owner

    user = make_person(name)
    owner = Owner(user, devices)
    owner.publish([owner.browsers[0].spk()])
    sessions = []
    for browser in owner.browsers:
        session = log_in(user).session
        session["did"] = browser.id.hex
        session.save()
        sessions.append(str(session.session_key))
    return {"uid": user.uid, "dids": [browser.id for browser in owner.browsers], "sessions": sessions}


def _conversation(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    from uuid import uuid4

    from conversations import services
    from conversations.formats import parse_record

    cid = services.open_conversation(uid=one["uid"], other=other["uid"]).cid
    blob = _start(cid, one, other)
    services.post(uid=one["uid"], did=one["dids"][0], cid=cid, client_id=uuid4(), kind="record", blob=blob)
    return {"cid": cid.hex, "th": parse_record(blob).th.hex()}


def _start(cid: Any, one: dict[str, Any], other: dict[str, Any]) -> bytes:
    """A START by the first of two, with their current bundles."""
    from conversations.tests import blobs
    from keys.services import current_bundle_ref

    lo, hi = sorted((one["uid"], other["uid"]))
    everyone = sorted((person["uid"], did) for person in (one, other) for did in person["dids"])
    sender = one["uid"], one["dids"][0]
    members = [(*member, int(member != sender), 0) for member in everyone]
    versions: Any = {uid: current_bundle_ref(uid) for uid in (lo, hi)}
    core = blobs.core(cid=cid, lo=lo, hi=hi, sender=sender, members=members, versions=versions)
    return blobs.record(core, members=len(members))


def _words(person: dict[str, Any]) -> dict[str, Any]:
    return {
        "uid": person["uid"].hex,
        "dids": [did.hex for did in person["dids"]],
        "sessions": person["sessions"],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
