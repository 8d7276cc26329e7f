"""Codes on paper: once each, never readable, and never a trap for somebody who has nothing else left."""

import base64
import threading
from contextlib import suppress

import pytest
from django.db import connections

from accounts import sealing, services
from accounts.models import RecoveryCode, RecoverySet, TOTPFactor
from accounts.recovery import canonical_code, make_codes
from accounts.tests.people import (
    PASSWORD,
    app_code,
    check,
    give_app,
    give_recovery_codes,
    log_in,
    make_person,
    whole_table,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return make_person("alice", email="alice@example.org")


def test_no_recovery_code_stands_readable_in_the_table():
    user = make_person("bob", app=False)
    codes = give_recovery_codes(user)
    table = whole_table(RecoveryCode)
    assert not any(form in table for code in codes for form in (code, canonical_code(code)))


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


@pytest.mark.django_db(transaction=True)
def test_new_codes_made_twice_at_once_are_ten_in_the_end(monkeypatch):
    """Both have removed the old codes before either adds new ones, where nothing keeps them from it."""
    bob, meeting = make_person("bob"), threading.Barrier(2)
    digest = sealing.digest

    def digest_together(*parts: str) -> str:
        with suppress(threading.BrokenBarrierError):
            meeting.wait(timeout=1)
        return digest(*parts)

    def renew() -> None:
        services.renew_recovery_codes(user=bob)
        connections.close_all()

    monkeypatch.setattr("accounts.services.enrol.digest", digest_together)
    threads = [threading.Thread(target=renew) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert RecoveryCode.objects.filter(used_at=None).count() == 10


def test_half_a_login_cannot_make_recovery_codes(alice):
    mallory = log_in(alice, full=False)
    before = set(RecoveryCode.objects.values_list("digest", flat=True))
    assert mallory.post("/second-step/recovery/")["Location"] == "/second-step/"
    mallory.post("/second-step/recovery/keep/", {"kept": "on"})
    assert set(RecoveryCode.objects.values_list("digest", flat=True)) == before
    assert mallory.get("/api/me/").status_code == 401


def _enter_by_recovery_code(client, user, code):
    client.post("/login/", {"name": user.name, "password": PASSWORD})
    factor = RecoverySet.objects.get(user=user).persistent_id
    return client.post("/second-step/", {"factor": factor, "code": code})


def test_new_codes_lock_nobody_out_who_has_only_codes_left(client):
    """The phone is lost: one code to enter, one to be present, then new codes, and the page is left."""
    alice = make_person("alice", app=False)
    old = services.renew_recovery_codes(user=alice)
    services.keep_recovery_codes(user=alice)
    give_app(alice)
    assert _enter_by_recovery_code(client, alice, old[0])["Location"] == "/chat/"
    factor = RecoverySet.objects.get().persistent_id
    client.post("/account/confirm/", {"factor": factor, "password": PASSWORD, "code": old[1]})
    page = client.post("/second-step/recovery/")
    assert client.get("/api/me/").status_code == 200, "the session goes on"
    client.post("/logout/")
    RecoverySet.objects.update(throttling_failure_count=0)
    assert _enter_by_recovery_code(client, alice, page.context["codes"][0])["Location"] == "/chat/"
    assert client.get("/api/me/").status_code == 200
