"""The administration shows numbers of keys, changes nothing and renders no blob."""

import pytest
from django.conf import settings
from django.test import Client

from accounts.adminsite import site
from accounts.models import User
from accounts.tests.people import log_in
from chatproject.lib.encoding import to_base64url
from keys.models import Bundle, Device, LogHead, LogLeaf
from keys.tests.owners import Owner

MODELS = [Device, Bundle, LogLeaf, LogHead]


def address(model: type, tail: str = "") -> str:
    return f"/{settings.ADMIN_PATH}/keys/{model._meta.model_name}/{tail}"


@pytest.fixture
def staff(bob: Owner) -> Client:
    User.objects.filter(pk=bob.user.pk).update(is_staff=True, is_superuser=True)
    return log_in(User.objects.get(pk=bob.user.pk))


@pytest.mark.parametrize("model", MODELS)
def test_staff_see_lists_and_rows_without_any_blob(staff: Client, alice: Owner, model: type) -> None:
    alice.publish_with_prekeys(opks=2)
    row = model.objects.first()
    blobs = [bytes(value) for value in vars(row).values() if isinstance(value, bytes | memoryview)]
    for page in (staff.get(address(model)), staff.get(address(model, f"{row.pk}/change/"))):
        assert page.status_code == 200
        for text in [each for blob in blobs for each in (blob.hex(), to_base64url(blob))]:
            assert text not in page.content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_nobody_adds_changes_or_deletes(staff: Client, alice: Owner, model: type) -> None:
    alice.publish_with_prekeys(opks=2)
    pk, before = model.objects.first().pk, model.objects.count()
    for tail in ("add/", f"{pk}/delete/", f"{pk}/change/"):
        assert staff.post(address(model, tail), {"post": "yes"}).status_code == 403
    assert model.objects.count() == before


def test_lists_cost_the_same_queries_however_long(staff: Client, alice: Owner, django_assert_max_num_queries) -> None:
    alice.publish_with_prekeys(opks=2)
    for model in MODELS:
        with django_assert_max_num_queries(30) as few:
            staff.get(address(model))
        for _ in range(5):
            alice.publish()
        with django_assert_max_num_queries(len(few.captured_queries)):
            staff.get(address(model))


def test_people_without_the_staff_mark_are_sent_away(alice: Owner) -> None:
    for model in MODELS:
        assert log_in(alice.user).get(address(model)).status_code == 302


def test_every_model_here_is_read_only_on_the_one_site() -> None:
    for model in MODELS:
        registered = site._registry[model]
        assert registered.show_full_result_count is False
        assert registered.actions is None
