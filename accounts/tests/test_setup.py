"""The first administrator: one link, one time, one account."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import SetupLink, User
from accounts.tests.people import PASSWORD, app_code

pytestmark = pytest.mark.django_db


def setup_link() -> str:
    out = StringIO()
    call_command("setup_link", stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def become_first(client: Client, link: str, name: str = "root.1") -> None:
    path = link.split("localhost:8000")[1]
    form = {"name": name, "display_name": "Root", "password": PASSWORD}
    assert client.post(path, form)["Location"] == "/second-step/set-up/"
    client.get("/second-step/set-up/app/")


def confirm_first(client: Client, name: str = "root.1") -> User:
    user = User.objects.get(name=name)
    client.post("/second-step/set-up/app/", {"code": app_code(user, confirmed=False)})
    return User.objects.get(name=name)


def test_the_first_administrator_signs_up_by_the_link(client):
    link = setup_link()
    assert link.startswith("http://localhost:8000/setup/")
    become_first(client, link)
    assert not User.objects.get().is_superuser, "not before the second step"
    root = confirm_first(client)
    assert (root.is_staff, root.is_superuser) == (True, True)
    assert SetupLink.objects.get().used_at is not None


def test_a_setup_link_works_once():
    link = setup_link()
    first, second = Client(), Client()
    become_first(first, link)
    become_first(second, link, "root.2")
    assert confirm_first(second, "root.2").is_superuser
    assert not confirm_first(first).is_superuser
    assert Client().get(link).status_code == 404


def test_a_setup_link_ends_in_time(time_machine):
    time_machine.move_to("2026-11-23 12:00:00Z", tick=False)
    link = setup_link()
    time_machine.shift(24 * 3600 - 1)
    assert Client().get(link).status_code == 200
    time_machine.shift(2)
    assert Client().get(link).status_code == 404


def test_a_wrong_or_older_setup_link_is_not_found():
    older, newer = setup_link(), setup_link()
    assert [Client().get(link).status_code for link in (older, newer, newer[:-2] + "x/")] == [404, 200, 404]


def test_a_setup_link_works_with_closed_registration(client, settings):
    settings.REGISTRATION = "closed"
    become_first(client, setup_link())
    assert confirm_first(client).is_superuser


def test_there_is_no_link_when_there_is_an_administrator():
    User.objects.create_superuser("root.1", PASSWORD)
    out, err = StringIO(), StringIO()
    call_command("setup_link", stdout=out, stderr=err)
    assert out.getvalue() == ""
    assert "already" in err.getvalue()


def test_the_token_is_stored_as_a_digest_only():
    token = setup_link().split("/")[-2]
    assert token not in repr(SetupLink.objects.values())


@pytest.mark.parametrize("hours", ["0", "169"])
def test_it_refuses_hours_that_make_no_sense(hours):
    with pytest.raises(CommandError):
        call_command("setup_link", "--hours", hours)
