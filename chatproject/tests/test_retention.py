"""What the daily job removes, empties and leaves."""

import json
import uuid
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import AccountSession, MailCode, SetupLink
from accounts.tests.people import log_in, make_person
from chatproject.lib import jobs, retention
from keys.models import Prekey
from keys.tests.owners import Owner

pytestmark = pytest.mark.django_db(databases="__all__")
NOW, DAY = timezone.now(), timedelta(days=1)


def purged(capsys, *options: str) -> dict[str, int]:
    call_command("purge_expired", "--json", *options)
    return json.loads(capsys.readouterr().out)


def code(user, expires_at):
    return MailCode.objects.create(
        user=user, address="a@b.example", digest="0" * 64, tries_left=5, sent_at=NOW, expires_at=expires_at
    )


def test_old_logins_and_codes_go_and_young_ones_stay(capsys, settings):
    alice = make_person("alice")
    log_in(alice)
    old = uuid.uuid4()
    AccountSession.objects.create(id=old, user=alice)
    AccountSession.objects.filter(id=old).update(started_at=NOW - timedelta(seconds=settings.SESSION_COOKIE_AGE + 60))
    Session.objects.create(session_key="gone", session_data="", expire_date=NOW - DAY)
    young = code(alice, NOW - timedelta(hours=1))
    code(alice, NOW - 2 * DAY)
    SetupLink.objects.create(digest="1", expires_at=NOW - DAY)
    used = SetupLink.objects.create(digest="2", expires_at=NOW - DAY, used_at=NOW - 2 * DAY)
    planned = purged(capsys, "--dry-run")
    found = purged(capsys)
    assert {name: found[name] for name in ("sessions", "logins", "mail codes", "setup links")} == {
        "sessions": 1,
        "logins": 1,
        "mail codes": 1,
        "setup links": 1,
    }
    assert planned == found
    assert (MailCode.objects.get(), SetupLink.objects.get()) == (young, used)
    assert (AccountSession.objects.count(), Session.objects.count()) == (1, 1)


def test_expired_one_time_prekeys_go_and_the_signed_one_stays(capsys):
    owner = Owner(make_person("alice"))
    browser = owner.browsers[0]
    owner.publish([browser.spk(), *browser.opks(1, 2)])
    Prekey.objects.update(not_after_ms=1)
    fresh = Prekey.objects.one_time().last()
    Prekey.objects.filter(pk=fresh.pk).update(not_after_ms=2**50)
    assert [purged(capsys, *options)["prekeys"] for options in (["--dry-run"], [])] == [1, 1]
    assert {row.kind for row in Prekey.objects.all()} == {Prekey.Kind.SPK, Prekey.Kind.OPK}


def test_a_storage_that_refuses_is_told_and_stops_nothing_else(capsys, monkeypatch):
    cache.clear()

    def refuse(now, *, dry_run):
        raise ConnectionError("S3: AccessDenied")

    monkeypatch.setitem(retention.purges, "conversations", refuse)
    Session.objects.create(session_key="gone", session_data="", expire_date=NOW - DAY)
    with pytest.raises(CommandError, match="NOT_ALL_REMOVED: conversations: S3: AccessDenied"):
        call_command("purge_expired", "--json")
    assert json.loads(capsys.readouterr().out)["sessions"] == 1
    assert jobs.last_successes() == {}


def test_when_it_ended_well_can_be_seen(capsys):
    cache.clear()
    purged(capsys, "--dry-run")
    assert jobs.last_successes() == {}
    purged(capsys)
    assert jobs.last_successes()[("purge_expired",)] == pytest.approx(timezone.now().timestamp(), abs=60)
