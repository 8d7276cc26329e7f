"""Many browsers that are logged in, in the database of a server process; prints the session and device of each."""

import json

PEOPLE, BROWSERS = 3, 8  # as many as a bundle holds


def make_crowd() -> dict[str, dict[str, str]]:
    from accounts.tests.people import log_in, make_person
    from keys.tests.owners import Owner

    crowd = {}
    for person in range(PEOPLE):
        owner = Owner(make_person(f"crowd{person}"), BROWSERS)
        owner.publish([browser.spk() for browser in owner.browsers])
        for browser in owner.browsers:
            session = log_in(owner.user).session
            session["did"] = browser.id.hex
            session.save()
            crowd[browser.id.hex] = {"session": str(session.session_key), "did": browser.id.hex}
    return crowd


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(make_crowd()))
