"""The account page: nothing changes without proof that the person is there."""

import re

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from accounts import services
from accounts.models import AccountSession, EmailFactor, RecoveryCode, TOTPFactor
from accounts.signals import sessions_ended
from accounts.tests.people import PASSWORD, app_code, log_in, make_person

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "seven quiet lamps burn"


@pytest.fixture
def alice():
    return make_person("alice", email="alice@example.org")


def become_present(client, user):
    TOTPFactor.objects.filter(user=user).update(last_t=-1)
    factor = TOTPFactor.objects.get(user=user, confirmed=True).persistent_id
    return client.post("/account/confirm/", {"factor": factor, "password": PASSWORD, "code": app_code(user)})


def test_a_new_password_needs_the_old_one_and_ends_other_sessions(alice, django_capture_on_commit_callbacks):
    here, there = log_in(alice), log_in(alice, Client())
    form = {"old": "wrong", "new": NEW_PASSWORD}
    assert here.post("/account/password/", form).status_code == 400
    with django_capture_on_commit_callbacks(execute=True):
        assert here.post("/account/password/", {**form, "old": PASSWORD}).status_code == 302
    assert here.get("/api/me/").status_code == 200
    assert there.get("/api/me/").status_code == 401
    assert "password" in mail.outbox[-1].subject
    assert Client().post("/login/", {"name": "alice", "password": PASSWORD}).status_code == 400
    assert Client().post("/login/", {"name": "alice", "password": NEW_PASSWORD}).status_code == 302


def test_a_weak_new_password_is_refused(alice):
    assert log_in(alice).post("/account/password/", {"old": PASSWORD, "new": "alicealicealice"}).status_code == 400
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_a_new_name_is_shown(alice):
    log_in(alice).post("/account/name/", {"display_name": "Alice \u202eC"})
    alice.refresh_from_db()
    assert alice.display_name == "Alice C"


def test_presence_needs_password_and_code(alice):
    client, factor = log_in(alice), TOTPFactor.objects.get(user=alice).persistent_id
    right = {"factor": factor, "password": PASSWORD, "code": app_code(alice)}
    for wrong in ({"password": "x"}, {"code": "000000"}, {"factor": "accounts.totpfactor/999"}):
        TOTPFactor.objects.update(throttling_failure_count=0)
        assert client.post("/account/confirm/", {**right, **wrong}).status_code == 400
    assert client.get("/second-step/set-up/")["Location"] == "/account/confirm/"
    TOTPFactor.objects.update(throttling_failure_count=0)
    assert become_present(client, alice).status_code == 302
    assert client.get("/second-step/set-up/").status_code == 200


def test_presence_ends_after_ten_minutes(alice, time_machine):
    time_machine.move_to("2026-11-23 12:00:00Z", tick=False)
    client = log_in(alice)
    become_present(client, alice)
    time_machine.shift(599)
    assert client.get("/account/email/").status_code == 200
    time_machine.shift(2)
    assert client.get("/account/email/")["Location"] == "/account/confirm/"


@pytest.mark.parametrize("path", ["/account/factors/app/remove/", "/second-step/recovery/", "/second-step/set-up/app/"])
def test_factors_do_not_change_without_presence(alice, path):
    before = list(RecoveryCode.objects.values_list("digest")), TOTPFactor.objects.count()
    assert log_in(alice).post(path)["Location"] == "/account/confirm/"
    assert (list(RecoveryCode.objects.values_list("digest")), TOTPFactor.objects.count()) == before


def test_the_last_second_step_cannot_be_removed(alice):
    client = log_in(alice)
    become_present(client, alice)
    client.post("/account/factors/app/remove/")
    assert TOTPFactor.objects.filter(confirmed=True).exists()


def test_a_second_step_of_two_can_be_removed_and_other_sessions_end(alice, django_capture_on_commit_callbacks):
    EmailFactor.objects.create(user=alice, name="email", address=alice.email)
    client, there = log_in(alice), log_in(alice, Client())
    become_present(client, alice)
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/factors/email/remove/")
    assert not EmailFactor.objects.exists()
    assert there.get("/api/me/").status_code == 401
    assert client.get("/api/me/").status_code == 200
    assert "removed" in mail.outbox[-1].subject


def test_a_new_app_takes_the_place_of_the_old_one(alice):
    client, there = log_in(alice), log_in(alice, Client())
    become_present(client, alice)
    old = TOTPFactor.objects.get().pk
    client.get("/second-step/set-up/app/")
    client.post("/second-step/set-up/app/", {"code": app_code(alice, confirmed=False)})
    assert TOTPFactor.objects.get().pk != old
    assert client.get("/api/me/").status_code == 200
    assert there.get("/api/me/").status_code == 401


def test_a_new_address_is_proved_by_a_code(alice, django_capture_on_commit_callbacks):
    client = log_in(alice)
    become_present(client, alice)
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/email/", {"email": "new@example.org"})
    assert mail.outbox[-1].to == ["new@example.org"]
    code = re.search(r"^\s+(\d{6})$", mail.outbox[-1].body, re.MULTILINE)[1]
    assert client.post("/account/email/confirm/", {"code": f"{(int(code) + 1) % 10**6:06d}"}).status_code == 400
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/email/confirm/", {"code": code})
    alice.refresh_from_db()
    assert alice.email == "new@example.org"
    assert mail.outbox[-1].to == ["alice@example.org"], "the old address is told"


def test_a_new_address_that_is_longer_than_its_column_is_refused(alice):
    client = log_in(alice)
    become_present(client, alice)
    address = f"{'l' * 64}@{'.'.join(['d' * 63, 'd' * 63, 'd' * 58, 'org'])}"
    assert client.post("/account/email/", {"email": address}).status_code == 400
    assert client.post("/account/email/", {"email": address[1:]}).status_code == 302


def test_one_of_the_own_sessions_can_be_ended(alice):
    here, there = log_in(alice), log_in(alice, Client())
    row = services.attempt_of(there.session)
    assert here.post(f"/account/sessions/{row}/end/").status_code == 302
    assert there.get("/api/me/").status_code == 401
    assert here.get("/api/me/").status_code == 200


def test_a_session_of_somebody_else_is_not_found(alice):
    bob = log_in(make_person("bob"), Client())
    row = services.attempt_of(bob.session)
    assert log_in(alice).post(f"/account/sessions/{row}/end/").status_code == 404
    assert bob.get("/api/me/").status_code == 200


def test_logging_out_everywhere_ends_all_sessions_and_rings(alice, django_capture_on_commit_callbacks):
    here, there, rung = log_in(alice), log_in(alice, Client()), []

    def listen(uid, **_kwargs):
        rung.append(uid)

    sessions_ended.connect(listen)
    with django_capture_on_commit_callbacks(execute=True):
        here.post("/account/sessions/end/")
    sessions_ended.disconnect(listen)
    assert [here.get("/api/me/").status_code, there.get("/api/me/").status_code] == [401, 401]
    assert alice.uid in rung


def test_the_session_table_holds_no_key_of_a_session(alice):
    client = log_in(alice)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_accountsession")
        assert client.session.session_key not in repr(cursor.fetchall())
    assert AccountSession.objects.count() == 1
