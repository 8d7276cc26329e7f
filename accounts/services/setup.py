"""The first administrator: a link made on the server's terminal, good once, and only while there is no
administrator.
"""

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts import events
from accounts.models import SetupLink, User
from accounts.sealing import digest, digests
from accounts.services.people import create_person

SETUP_TOKEN_BYTES = 32


def make_setup_link(*, hours: int) -> str | None:
    """A new token, stored as a digest, and the end of all older ones; None when there is an administrator already."""
    with transaction.atomic():
        if User.objects.administrators().exists():
            return None
        token = secrets.token_urlsafe(SETUP_TOKEN_BYTES)
        SetupLink.objects.usable().delete()
        SetupLink.objects.create(digest=digest("setup-link", token), expires_at=timezone.now() + timedelta(hours=hours))
    return token


def usable_setup_link(*, token: str) -> SetupLink | None:
    """The link of a token that is in time, not used, and still needed."""
    if User.objects.administrators().exists():
        return None
    return SetupLink.objects.usable().filter(digest__in=digests("setup-link", token)).first()


def sign_up_administrator(
    *, link: SetupLink, name: str, display_name: str, password: str, email: str, language: str
) -> User:
    """An ordinary account that becomes the administrator when its second step is confirmed. Raises IntegrityError."""
    with transaction.atomic():
        user = create_person(name=name, display_name=display_name, password=password, email=email, language=language)
        SetupLink.objects.usable().filter(pk=link.pk).update(claimed_by=user)
    return user


def make_administrator(*, user: User) -> bool:
    """Uses up the link this person signed up with; only then, and only as the first, they become the administrator."""
    with transaction.atomic():
        if User.objects.administrators().exists():
            return False
        links = SetupLink.objects.select_for_update().usable().filter(claimed_by=user)
        if links.update(used_at=timezone.now()) == 0:
            return False
        User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    user.is_staff = user.is_superuser = True
    events.warn("administrator_made", uid=user.pk)
    return True
