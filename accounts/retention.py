"""What of people's logins has had its time: sessions, codes by mail, links that nobody used."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.models import Session

from accounts.models import AccountSession, MailCode, SetupLink

CODE_KEPT = timedelta(days=1)  # limits look at the last hour only


def purge(now: datetime, *, dry_run: bool) -> Mapping[str, int]:
    login_ends = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    rows = {
        "sessions": Session.objects.filter(expire_date__lt=now),
        "logins": AccountSession.objects.filter(started_at__lt=now - login_ends),
        "mail codes": MailCode.objects.filter(expires_at__lt=now - CODE_KEPT),
        "setup links": SetupLink.objects.filter(expires_at__lt=now, used_at=None),
    }
    return {name: found.count() if dry_run else found.delete()[0] for name, found in rows.items()}
