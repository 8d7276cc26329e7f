"""Guessing and counting: strangers learn nothing from an answer and cannot try for long."""

import re

import pytest
from django.test import Client

from accounts import hashers, services, throttles
from accounts.models import User
from accounts.tests.people import PASSWORD, app_code, make_person

pytestmark = pytest.mark.django_db


def sign_up(client, **changes):
    form = {"name": "alice", "display_name": "Alice", "password": PASSWORD, "email": "", **changes}
    return client.post("/signup/", form)


@pytest.fixture
def still_clock(time_machine):
    """Windows of a minute must not end in the middle of a test."""
    time_machine.move_to("2026-11-23 12:00:01Z", tick=False)


def _without_token(response) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", response.content.decode())


def test_an_unknown_a_known_and_a_deactivated_name_get_the_same_answer():
    make_person("alice")
    services.set_active(user=make_person("carol"), active=False)
    answers = [Client().post("/login/", {"name": name, "password": "wrong"}) for name in ("alice", "nobod", "carol")]
    texts = [
        _without_token(answer).replace(name, "NAME")
        for answer, name in zip(answers, ("alice", "nobod", "carol"), strict=True)
    ]
    assert {answer.status_code for answer in answers} == {400}
    assert len(set(texts)) == 1


def test_an_unknown_name_costs_as_many_hashes_as_a_known_one(monkeypatch):
    make_person("alice")
    seen = []
    encode, verify = hashers.Argon2idHasher.encode, hashers.Argon2idHasher.verify
    monkeypatch.setattr(hashers.Argon2idHasher, "encode", lambda *args: seen.append(1) or encode(*args))
    monkeypatch.setattr(hashers.Argon2idHasher, "verify", lambda *args: seen.append(1) or verify(*args))
    costs = []
    for name in ("alice", "nobody"):
        seen.clear()
        Client().post("/login/", {"name": name, "password": "wrong"})
        costs.append(len(seen))
    assert costs == [1, 1]


@pytest.mark.usefixtures("still_clock")
def test_guessing_is_slowed_down_for_known_and_unknown_names():
    make_person("alice")
    for name in ("alice", "nobody"):
        answers = [Client().post("/login/", {"name": name, "password": f"wrong {n}"}) for n in range(6)]
        assert answers[-1].status_code == 429
        assert int(answers[-1]["Retry-After"]) > 0
    assert Client().post("/login/", {"name": "alice", "password": PASSWORD}).status_code == 429


@pytest.mark.usefixtures("still_clock")
def test_one_network_cannot_try_many_names():
    answers = [Client().post("/login/", {"name": f"name{n}", "password": "x"}).status_code for n in range(31)]
    assert answers[29:] == [400, 429]


def test_the_delay_after_failures_grows_and_ends(time_machine):
    time_machine.move_to("2026-11-23 12:00:00Z", tick=False)
    for _ in range(5):
        throttles.login_failed("alice")
    with pytest.raises(throttles.TooMany) as first:
        throttles.count_login("alice")
    for _ in range(20):
        throttles.login_failed("alice")
    with pytest.raises(throttles.TooMany) as later:
        throttles.count_login("alice")
    assert first.value.retry_after == 4
    assert later.value.retry_after == throttles.LOGIN_MAX_DELAY_SECONDS
    time_machine.shift(throttles.LOGIN_MAX_DELAY_SECONDS + 1)
    throttles.count_login("alice")


@pytest.mark.usefixtures("still_clock")
def test_a_stranger_cannot_keep_the_owner_out_of_a_known_browser():
    alice, home = make_person("alice"), Client()
    home.post("/login/", {"name": "alice", "password": PASSWORD})
    factor = home.get("/second-step/").context["chosen"].persistent_id
    home.post("/second-step/", {"factor": factor, "code": app_code(alice)})
    home.post("/logout/")
    for n in range(25):
        Client(REMOTE_ADDR="203.0.113.9").post("/login/", {"name": "alice", "password": f"wrong {n}"})
    assert (
        Client(REMOTE_ADDR="198.51.100.7").post("/login/", {"name": "alice", "password": PASSWORD}).status_code == 429
    )
    assert home.post("/login/", {"name": "alice", "password": PASSWORD}).status_code == 302


@pytest.mark.usefixtures("still_clock")
def test_the_cookie_of_one_account_is_no_help_for_another():
    alice, mallory = make_person("alice"), Client()
    make_person("mallory")
    mallory.post("/login/", {"name": "mallory", "password": PASSWORD})
    factor = mallory.get("/second-step/").context["chosen"].persistent_id
    mallory.post("/second-step/", {"factor": factor, "code": app_code(User.objects.get(name="mallory"))})
    mallory.post("/logout/")
    for n in range(6):
        answer = mallory.post("/login/", {"name": "alice", "password": f"wrong {n}"})
    assert answer.status_code == 429
    assert alice.is_active


@pytest.mark.usefixtures("still_clock")
def test_the_name_check_says_what_is_free_and_counts(client):
    make_person("alice")
    assert client.get("/api/names/ALICE/").json() == {"free": False, "code": "NAME_TAKEN"}
    assert client.get("/api/names/bob/").json() == {"free": True, "code": None}
    assert client.get("/api/names/b%20b/").json() == {"free": False, "code": "NAME_GRAMMAR"}
    answers = [client.get("/api/names/bob/").status_code for _ in range(60)]
    assert answers[-1] == 429


@pytest.mark.usefixtures("still_clock")
def test_sign_up_is_counted_by_network(monkeypatch):
    monkeypatch.setattr(throttles, "SIGN_UP_ADDRESS", (throttles.Limit("sign-up", 2, 3600),))
    answers = [sign_up(Client(), name=f"name{n}").status_code for n in range(3)]
    assert answers == [302, 302, 429]
    assert User.objects.count() == 2


@pytest.mark.usefixtures("still_clock")
def test_whoever_meets_the_limit_of_sign_ups_learns_of_no_name(monkeypatch):
    make_person("alice")
    monkeypatch.setattr(throttles, "SIGN_UP_ADDRESS", (throttles.Limit("sign-up", 0, 3600),))
    answers = {name: sign_up(Client(), name=name, display_name="Same") for name in ("alice", "nobod", "a!")}
    assert {answer.status_code for answer in answers.values()} == {429}
    texts = {_without_token(answer).replace(f'value="{name}"', 'value="NAME"') for name, answer in answers.items()}
    assert len(texts) == 1
    assert "Too many tries" in texts.pop()


def test_the_cache_names_nobody():
    throttles.count_login("alice")
    assert "alice" not in throttles._key("login", "alice")
