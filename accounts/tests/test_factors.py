"""Codes: each works once, in time, for its own login; nothing readable is stored."""

import base64
import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, connections

from accounts import sealing, services, throttles
from accounts.models import RecoveryCode, RecoverySet, TOTPFactor
from accounts.recovery import canonical_code, make_codes
from accounts.tests.people import PASSWORD, app_code, give_app, give_recovery_codes, log_in, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return make_person("alice", email="alice@example.org")


def check(user, code, *, factor=None, attempt=None):
    factor = factor or TOTPFactor.objects.get(user=user)
    throttles.forgive(throttles.OTP_ACCOUNT, user.uid.hex)
    return services.check_code(user=user, factor_id=factor.persistent_id, code=code, attempt=attempt)


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


def _whole_table(model) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {model._meta.db_table}")
        return repr([[bytes(cell) if isinstance(cell, memoryview) else cell for cell in row] for row in cursor])


def test_no_seed_stands_readable_in_the_table(alice):
    seed = TOTPFactor.objects.get(user=alice).seed()
    table = _whole_table(TOTPFactor)
    for form in (seed.hex(), base64.b32encode(seed).decode(), base64.b64encode(seed).decode(), repr(seed)[2:-1]):
        assert form not in table


def test_no_recovery_code_stands_readable_in_the_table():
    user = make_person("bob", app=False)
    codes = give_recovery_codes(user)
    table = _whole_table(RecoveryCode)
    assert not any(form in table for code in codes for form in (code, canonical_code(code)))


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


def test_an_older_field_key_still_opens_and_recognises(alice, settings):
    user = make_person("bob")
    codes = services.renew_recovery_codes(user=user)
    services.keep_recovery_codes(user=user)
    settings.FIELD_KEYS = [b"n" * 32, *settings.FIELD_KEYS]
    assert check(user, app_code(user)) is not None
    assert check(user, codes[0], factor=RecoverySet.objects.get(user=user)) is not None
    settings.FIELD_KEYS = settings.FIELD_KEYS[:1]
    with pytest.raises(sealing.CannotOpen):
        TOTPFactor.objects.get(user=alice).seed()


def test_a_recovery_code_has_eighty_bits_and_works_once():
    user = make_person("bob", app=False)
    codes = give_recovery_codes(user)
    factor = RecoverySet.objects.get(user=user)
    assert len(codes) == 10
    assert len(base64.b32decode(canonical_code(make_codes()[0]))) * 8 == 80
    assert check(user, codes[0].lower().replace("-", " "), factor=factor) is not None
    assert check(user, codes[0], factor=factor) is None
    RecoverySet.objects.update(throttling_failure_count=0)
    assert check(user, codes[1], factor=factor) is not None
    assert factor.codes_left() == 8


def test_a_recovery_code_of_somebody_else_is_refused(alice):
    mallory = make_person("mallory", app=False)
    codes = give_recovery_codes(mallory)
    assert check(alice, codes[0], factor=RecoverySet.objects.get(user=alice)) is None


def test_new_recovery_codes_end_the_old_ones(alice):
    old = services.renew_recovery_codes(user=alice)
    new = services.renew_recovery_codes(user=alice)
    factor = RecoverySet.objects.get(user=alice)
    assert check(alice, old[0], factor=factor) is None
    RecoverySet.objects.update(throttling_failure_count=0)
    assert check(alice, new[0], factor=factor) is not None


def test_half_a_login_cannot_set_up_another_factor(alice):
    session = log_in(alice, full=False).session
    for start in (services.start_app, services.start_email):
        with pytest.raises(PermissionDenied):
            start(user=alice, session=session)
    mallory = log_in(alice, full=False)
    for path in ("/second-step/set-up/", "/second-step/set-up/app/", "/second-step/set-up/email/"):
        assert mallory.get(path)["Location"] == "/second-step/"
        assert mallory.post(path, {"code": "123456"}).status_code in (302, 405)
    assert TOTPFactor.objects.count() == 1


def test_half_a_login_cannot_confirm_a_factor_that_was_begun(alice):
    factor = give_app(alice, confirmed=False)
    session = log_in(alice, full=False).session
    with pytest.raises(PermissionDenied):
        services.confirm_factor(user=alice, session=session, factor=factor, code=app_code(alice, confirmed=False))


def test_half_a_login_cannot_make_recovery_codes(alice):
    mallory = log_in(alice, full=False)
    before = set(RecoveryCode.objects.values_list("digest", flat=True))
    assert mallory.post("/second-step/recovery/")["Location"] == "/second-step/"
    mallory.post("/second-step/recovery/keep/", {"kept": "on"})
    assert set(RecoveryCode.objects.values_list("digest", flat=True)) == before
    assert mallory.get("/api/me/").status_code == 401


def test_an_unconfirmed_factor_is_no_second_step(alice):
    factor = give_app(alice, confirmed=False)
    client = log_in(alice, full=False)
    client.post("/second-step/", {"factor": factor.persistent_id, "code": app_code(alice, confirmed=False)})
    assert client.get("/api/me/").status_code == 401


def test_a_password_is_no_code(alice):
    client = log_in(alice, full=False)
    factor = TOTPFactor.objects.get(user=alice)
    response = client.post("/second-step/", {"factor": factor.persistent_id, "code": PASSWORD})
    assert response.status_code == 400
    assert "Type the newest one" in response.content.decode()
