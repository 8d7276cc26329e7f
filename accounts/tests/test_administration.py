"""What staff see of people, and the two switches they have."""

import pytest
from django.core.management import call_command
from django.test import Client, RequestFactory

from accounts.adminsite import site
from accounts.models import RecoveryCode, TOTPFactor, User
from accounts.tests.people import give_recovery_codes, log_in, make_person

pytestmark = pytest.mark.django_db(databases="__all__")


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


@pytest.mark.parametrize("model", site._registry, ids=lambda model: model.__name__)
def test_even_the_first_administrator_adds_and_deletes_nothing(root, model):
    path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    assert [root.get(path + "add/").status_code, root.post(path + "add/", {}).status_code] == [403, 403]
    body = {"action": "delete_selected", "_selected_action": ["1"], "post": "yes"}
    root.post(path, body)
    assert "delete_selected" not in root.get(path).content.decode()
    request = RequestFactory().get(path)
    request.user = User.objects.get(name="root.1")
    admin = site._registry[model]
    assert not admin.has_delete_permission(request)
    assert admin.has_change_permission(request) is (model is User), "two switches of a person are all"


def test_an_administrator_does_not_change_themselves(root):
    me = User.objects.get(name="root.1")
    assert root.post(f"/admin/accounts/user/{me.pk}/change/", {"is_staff": ""}).status_code == 403
    me.refresh_from_db()
    assert me.is_staff


def test_who_would_be_switched_off_can_be_asked_first(alice, capsys):
    make_person("bob", is_active=False)
    call_command("account_disable", "alice", "bob", "--dry-run")
    alice.refresh_from_db()
    assert (alice.is_active, capsys.readouterr().out) == (True, "1 off.\n")
    call_command("account_disable", "alice", "bob")
    alice.refresh_from_db()
    assert (alice.is_active, capsys.readouterr().out) == (False, "1 off.\n")
