"""What staff see of people, and the two switches they have."""

import pytest
from django.test import Client

from accounts.adminsite import site
from accounts.models import RecoveryCode, TOTPFactor
from accounts.tests.people import give_recovery_codes, log_in, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return make_person("alice", email="alice@example.org")


@pytest.fixture
def root():
    return log_in(make_person("root.1", is_staff=True, is_superuser=True))


def test_the_administration_shows_no_secret(root, alice):
    codes = give_recovery_codes(make_person("bob", app=False))
    pages = root.get("/admin/accounts/user/"), root.get(f"/admin/accounts/user/{alice.pk}/change/")
    text = "".join(page.content.decode() for page in pages)
    assert "Authenticator app" in text
    seed = TOTPFactor.objects.get(user=alice)
    digests = list(RecoveryCode.objects.values_list("digest", flat=True))
    secrets = [alice.password, "argon2", seed.seed().hex(), bytes(seed.sealed_seed).hex(), *digests, *codes]
    assert not [secret for secret in secrets if secret in text]
    assert root.session.session_key not in text


def test_the_administration_changes_two_switches_only(root, alice):
    there = log_in(alice, Client())
    path = f"/admin/accounts/user/{alice.pk}/change/"
    root.post(path, {"is_active": "", "is_staff": "", "name": "mallory", "is_superuser": "on", "email": "m@x.org"})
    alice.refresh_from_db()
    assert not alice.is_active
    assert (alice.name, alice.is_superuser, alice.email) == ("alice", False, "alice@example.org")
    assert there.get("/api/me/").status_code == 401


def test_staff_look_but_do_not_change(alice):
    staff = log_in(make_person("staff.1", is_staff=True))
    path = f"/admin/accounts/user/{alice.pk}/change/"
    assert staff.get(path).status_code == 200
    assert staff.post(path, {"is_staff": "on"}).status_code == 403
    assert staff.get("/admin/accounts/user/add/").status_code == 403
    assert staff.post(f"/admin/accounts/user/{alice.pk}/delete/", {"post": "yes"}).status_code == 403


def test_ordinary_people_do_not_enter_the_administration(alice):
    assert log_in(alice).get("/admin/accounts/user/").status_code == 302


def test_people_are_searched_by_the_beginning_of_their_name(root, alice):
    assert "alice" in root.get("/admin/accounts/user/?q=ALI").content.decode()
    assert f"{alice.pk}" not in root.get("/admin/accounts/user/?q=lice").content.decode()


def test_no_factor_has_a_page_in_the_administration():
    names = [model.__name__ for model in site._registry]
    assert "User" in names
    assert not [name for name in names if "Factor" in name or "Recovery" in name]
