"""A new field key: everything sealed with it, nothing lost, whenever the command was stopped."""

import os
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts import services
from accounts.models import TOTPFactor
from accounts.sealing import CannotOpen, is_sealed_with_newest
from accounts.tests.people import give_app, make_person

pytestmark = pytest.mark.django_db


def rotated(**options) -> str:
    out = StringIO()
    call_command("rotate_field_keys", stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


@pytest.fixture
def seeds(settings):
    """Three people with seeds under the old key; a new one stands in front."""
    made = {make_person(name).uid for name in ("alice", "bob", "carol")}
    before = {factor.user_id: factor.seed() for factor in TOTPFactor.objects.all()}
    assert set(before) == made
    settings.FIELD_KEYS = [os.urandom(32), *settings.FIELD_KEYS]
    return before


def test_all_seeds_are_sealed_anew_and_open_without_the_old_key(seeds, settings):
    assert rotated() == "3 seeds sealed with the newest key.\n"
    settings.FIELD_KEYS = settings.FIELD_KEYS[:1]
    assert {factor.user_id: factor.seed() for factor in TOTPFactor.objects.all()} == seeds


def test_a_second_run_has_nothing_to_do(seeds):
    rotated()
    assert rotated() == "0 seeds sealed with the newest key.\n"


def test_it_goes_on_where_it_was_stopped(seeds):
    services.seal_anew(next(services.sealed_with_older_keys()))
    assert rotated() == "2 seeds sealed with the newest key.\n"


def test_a_dry_run_changes_nothing(seeds):
    assert rotated(dry_run=True) == "3 seeds to seal with the newest key.\n"
    assert not any(is_sealed_with_newest(factor.sealed_seed) for factor in TOTPFactor.objects.all())


def test_a_seed_that_was_replaced_meanwhile_is_left_alone(seeds):
    factor = next(services.sealed_with_older_keys())
    TOTPFactor.objects.filter(pk=factor.pk).delete()
    fresh = give_app(factor.user)
    TOTPFactor.objects.filter(pk=fresh.pk).update(id=factor.pk)
    services.seal_anew(factor)
    assert TOTPFactor.objects.get(pk=factor.pk).seed() == fresh.seed()


def test_a_seed_under_a_lost_key_is_told(seeds, settings):
    settings.FIELD_KEYS = settings.FIELD_KEYS[:1]
    with pytest.raises(CommandError, match="CANNOT_OPEN: 3 of 3"):
        rotated()
    with pytest.raises(CannotOpen):
        TOTPFactor.objects.first().seed()
