"""Guessing who is here, passwords and codes, at a real server: how often it can be tried, and what the answers tell."""

import itertools
import random
import secrets
import time
from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest

from chatproject.lib.encoding import to_base64url
from conversations.tests import blobs
from reference.login import sign_up
from reference.web import Web
from tests.attacks.doors import Answer, Visitor
from tests.attacks.guarded import PASSWORD, Guarded, keyed_person
from tests.attacks.ranks import differ
from tests.clocks import away_from_the_turn

pytestmark = pytest.mark.browser
FAILURES_EACH = 3  # from the fourth on the account makes its tries wait
OTP_TRIES = 10  # of an account in an hour


def guess_until_refused(site: Guarded, name: str) -> tuple[int, int]:
    """How many wrong passwords are taken, and how long the next try has to wait."""
    for taken in range(21):
        answer = site.stranger().type_password(name, f"wrong {taken}")
        if answer.status == 429:
            return taken, int(answer.headers["Retry-After"])
        assert answer.status == 400
    raise AssertionError("more than the hour's tries")


def is_refused_when_right(site: Guarded, name: str) -> bool:
    """Whether the right password is refused while tries have to wait; on a machine too busy to try in time, again."""
    for _ in range(5):
        _taken, wait = guess_until_refused(site, name)
        began = time.monotonic()
        answer = site.stranger().type_password(name, PASSWORD)
        if answer.status == 429 or time.monotonic() - began < wait - 1:
            return answer.status == 429
    return False


def test_a90_nobody_guesses_passwords_for_long(guarded):
    owner = guarded.person("guessed")
    for name in ("guessed", "nobody-at-all"):
        taken, wait = guess_until_refused(guarded, name)
        assert FAILURES_EACH < taken <= 20, name
        assert wait > 0
    assert is_refused_when_right(guarded, "guessed")
    owner.home.post("/logout/")
    assert owner.home.type_password("guessed", PASSWORD).location == "/second-step/", "who is known gets in"


def test_a90_one_network_cannot_try_many_names(guarded):
    busy = guarded.visitor("198.18.7.7")
    answers = [busy.type_password(f"name{n}", "wrong").status for n in range(65)]
    assert answers[0] == 400
    assert 429 in answers[30:], "wherever the minute begins"
    assert guarded.stranger().type_password("another-name", "wrong").status == 400


def samples(doors: dict[str, Callable[[int], Answer]], number: int) -> dict[str, list[Answer]]:
    """As many answers of each door, in an order by chance, so that the machine is equally busy for all."""
    order = [(name, n) for name in doors for n in range(number)]
    random.shuffle(order)
    given: dict[str, list[Answer]] = {name: [] for name in doors}
    for name, n in order:
        given[name].append(doors[name](n))
    return given


def expect_alike(doors: dict[str, Callable[[int], Answer]], number: int) -> None:
    """Two doors: same status, same length, and times that a test of ranks cannot tell apart."""

    def measure() -> tuple[list[float], list[float]]:
        one, other = samples(doors, number).values()
        assert {answer.status for answer in one} == {answer.status for answer in other}
        assert {len(answer.text) for answer in one} == {len(answer.text) for answer in other}
        return [answer.seconds for answer in one], [answer.seconds for answer in other]

    assert not differ(measure), list(doors)


def test_a91_a_login_does_not_tell_who_is_here(guarded, full):
    number = 200 if full else 40
    guarded.seed("crowd", str(5 * number))
    known = (n for n in itertools.count() if n % 3)
    switched_off, unknown = itertools.count(0, 3), itertools.count()

    def door(word: str, numbers: Iterator[int]) -> Callable[[int], Answer]:
        """Every name is tried once only, from anywhere."""
        return lambda _n: guarded.stranger().type_password(f"{word}{next(numbers):05d}", "wrong")

    expect_alike({"known": door("crowd", known), "unknown": door("nobod", unknown)}, number)
    expect_alike({"off": door("crowd", switched_off), "unknown": door("nobod", unknown)}, number // 2)


def test_a91_names_are_not_walked_at_the_sign_up_and_mails_tell_nothing(guarded):
    """That a name is taken has to be said there; how often it is said to one network is counted."""
    walker = guarded.visitor("198.19.8.8")
    statuses = [walker.get(f"/api/names/walked{n}/").status for n in range(125)]
    assert statuses[0] == 200
    assert 429 in statuses[60:], "wherever the minute begins: one of its two parts has more than sixty"
    assert guarded.visitor("198.20.8.8").get("/api/names/walked0/").status == 200
    guarded.person("mailed")
    used = sign_up(Web(guarded.origin), name="again", password=PASSWORD, display_name="A", email="mailed@example.org")
    assert used.name == "again", "an address that somebody has is taken like any other"


def test_a92_codes_of_the_second_step_are_not_guessed(guarded):
    away_from_the_turn(3600, 60)
    victim = guarded.person("tried")
    thief = guarded.stranger()
    assert thief.type_password("tried", PASSWORD).location == "/second-step/"
    first = thief.type_code("000000")
    assert first.status == 400
    statuses = [thief.type_code("000001").status for _ in range(14)]
    assert statuses.count(400) < OTP_TRIES
    assert statuses[-1] == 429, "ten an hour, however slowly"
    assert thief.type_code(victim.next_code()).status == 429, "nor is a right one taken now"
    assert not thief.is_inside
    assert victim.home.is_inside
    assert "Many wrong codes" in guarded.site.mail_to("tried@example.org")


@pytest.mark.thorough
def test_a92_each_failure_makes_the_next_try_wait_longer(guarded):
    guarded.person("slower")
    thief, waits = guarded.stranger(), [0]
    thief.type_password("slower", PASSWORD)
    for _ in range(OTP_TRIES):
        answer = thief.type_code("000000")
        if answer.status == 429:
            waits.append(int(answer.headers["Retry-After"]))
            if waits[-1] > 2:
                break
            time.sleep(waits[-1])
    assert waits == sorted(waits)
    assert waits[-1] > 2


@pytest.mark.thorough
def test_a99_absent_and_foreign_take_the_same_time(guarded, full):
    alice, bob, mallory = (keyed_person(guarded.origin, name) for name in ("alice", "bob", "mallory"))
    cid = alice.open_conversation(bob.uid)["cid"]
    jar = {cookie.name: cookie.value or "" for cookie in mallory.web._jar}
    walker = Visitor(guarded.origin, "203.0.113.3", jar)
    for ways in (
        [lambda _n, it=it: walker.get(f"/api/conversations/{it}/events/?after=0&limit=10") for it in (cid, "0" * 32)],
        [
            lambda _n, it=it: walker.post_json(f"/api/conversations/{it}/events/", **post_of(it))
            for it in (cid, "0" * 32)
        ],
        [lambda _n, it=it: walker.get(f"/api/keys/bundles/{it}/?after=0") for it in (secrets.token_hex(16), "0" * 32)],
    ):
        assert ways[0](0).status == 404
        expect_alike(dict(zip(("foreign", "absent"), ways, strict=True)), 200 if full else 60)


def post_of(cid: str) -> dict[str, str]:
    blob = to_base64url(blobs.envelope(cid=UUID(cid), uid=uuid4(), did=uuid4()))
    return {"f": "post", "cid": cid, "client_id": str(uuid4()), "kind": "message", "blob": blob}
