"""Codes: each works once, in time, for its own login; nothing readable is stored."""

import base64
import re
import threading
from datetime import timedelta

import pytest
from django.db import connections

from accounts import sealing, services, throttles
from accounts.models import RecoverySet, TOTPFactor
from accounts.tests.people import PASSWORD, app_code, check, log_in, make_person, whole_table
from tests import sources

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return make_person("alice", email="alice@example.org")


def test_an_app_code_works_once(alice):
    code = app_code(alice)
    assert check(alice, code) is not None
    assert check(alice, code) is None


@pytest.mark.parametrize(("steps", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_the_window_is_one_step_each_way(alice, time_machine, steps, fits):
    time_machine.move_to("2026-11-23 12:00:15Z", tick=False)
    assert (check(alice, app_code(alice, steps=steps)) is not None) is fits


def test_an_older_code_is_refused_after_a_newer_one(alice):
    assert check(alice, app_code(alice, steps=1)) is not None
    assert check(alice, app_code(alice, steps=0)) is None


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "-12345", "١٢٣٤٥٦", "１２３４５６"])
def test_it_refuses_what_is_no_code(alice, code):
    assert check(alice, code) is None


def test_a_code_of_somebody_else_is_refused(alice):
    mallory = make_person("mallory")
    factor = TOTPFactor.objects.get(user=mallory)
    assert check(alice, app_code(mallory), factor=factor) is None
    assert check(mallory, app_code(mallory), factor=factor) is not None


@pytest.mark.parametrize("factor_id", ["accounts.user/1", "nonsense", "a/b/c", "accounts.totpfactor/x", "auth.group/1"])
def test_an_identifier_that_is_no_factor_is_refused(alice, factor_id):
    assert services.check_code(user=alice, factor_id=factor_id, code="123456", attempt=None) is None


def test_failures_make_the_factor_wait_longer_but_never_for_good(alice, time_machine):
    time_machine.move_to("2026-11-23 12:00:00Z", tick=False)
    factor = TOTPFactor.objects.get(user=alice)
    TOTPFactor.objects.update(throttling_failure_count=10)
    check(alice, "000000")
    check_again = TOTPFactor.objects.get(user=alice)
    assert check_again.throttling_failure_count == 11
    with pytest.raises(throttles.TooMany) as refused:
        check(alice, app_code(alice))
    assert refused.value.retry_after <= 1025
    time_machine.shift(timedelta(seconds=1026))
    assert check(alice, app_code(alice), factor=factor) is not None
    assert TOTPFactor.objects.get(user=alice).throttling_failure_count == 0


def test_ten_failures_in_an_hour_are_the_most(alice, time_machine):
    time_machine.move_to("2026-11-23 12:00:00Z", tick=False)
    factor = TOTPFactor.objects.get(user=alice)
    for _ in range(10):
        TOTPFactor.objects.update(throttling_failure_count=0)
        services.check_code(user=alice, factor_id=factor.persistent_id, code="000000", attempt=None)
    TOTPFactor.objects.update(throttling_failure_count=0)
    with pytest.raises(throttles.TooMany):
        services.check_code(user=alice, factor_id=factor.persistent_id, code=app_code(alice), attempt=None)


def test_a_wrong_code_of_one_factor_leaves_the_others_alone(alice):
    check(alice, "000000")
    assert RecoverySet.objects.get(user=alice).throttling_failure_count == 0


def test_a_state_read_before_a_code_was_spent_cannot_spend_it_again(alice):
    first, second = (TOTPFactor.objects.get(user=alice) for _ in range(2))
    code = app_code(alice)
    assert first.spend(code, None)
    assert second.last_t == -1
    assert not second.spend(code, None)


@pytest.mark.django_db(transaction=True)
def test_fifty_posts_with_one_code_give_one_success():
    alice = make_person("alice")
    factor, code = TOTPFactor.objects.get(user=alice), app_code(alice)
    start, passed = threading.Barrier(10), []

    def post_five_times():
        start.wait()
        for _ in range(5):
            TOTPFactor.objects.filter(pk=factor.pk).update(throttling_failure_count=0)
            try:
                passed.append(check(alice, code, factor=factor))
            except throttles.TooMany:
                passed.append(None)
        connections.close_all()

    threads = [threading.Thread(target=post_five_times) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 50
    assert len([one for one in passed if one is not None]) == 1


def test_no_seed_stands_readable_in_the_table(alice):
    seed = TOTPFactor.objects.get(user=alice).seed()
    table = whole_table(TOTPFactor)
    for form in (seed.hex(), base64.b32encode(seed).decode(), base64.b64encode(seed).decode(), repr(seed)[2:-1]):
        assert form not in table


def test_a_sealed_seed_opens_only_for_its_person(alice):
    mallory = make_person("mallory")
    theirs = TOTPFactor.objects.get(user=mallory)
    theirs.sealed_seed = TOTPFactor.objects.get(user=alice).sealed_seed
    with pytest.raises(sealing.CannotOpen):
        theirs.seed()


def test_a_changed_box_does_not_open(alice):
    box = bytes(TOTPFactor.objects.get(user=alice).sealed_seed)
    for at in range(len(box)):
        changed = box[:at] + bytes([box[at] ^ 1]) + box[at + 1 :]
        with pytest.raises(sealing.CannotOpen):
            sealing.open_sealed(changed, context=b"totp-seed:" + alice.uid.bytes)


def test_a_password_is_no_code(alice):
    client = log_in(alice, full=False)
    factor = TOTPFactor.objects.get(user=alice)
    response = client.post("/second-step/", {"factor": factor.persistent_id, "code": PASSWORD})
    assert response.status_code == 400
    assert "Type the newest one" in response.content.decode()


def test_codes_are_checked_in_one_place_and_by_name_of_the_factor():
    """django-otp's match_token would try every factor; a bare verify_token would go without the row's lock."""
    callers = {path for path in sources.python_files(*sources.SERVER) if ".verify_token(" in _code(path)}
    assert callers == {"accounts/services/codes.py"}
    assert not [path for path in sources.python_files(*sources.SERVER) if "match_token" in _code(path)]


def test_nothing_on_the_server_runs_what_it_is_given():
    forbidden = re.compile(r"\b(eval|exec|pickle|marshal|subprocess|os\.system|yaml|RawSQL|extra|raw)\(|import pickle")
    assert not [path for path in sources.python_files(*sources.SERVER) if forbidden.search(_code(path))]


def _code(path):
    return sources.code(path, sources.read(path))
