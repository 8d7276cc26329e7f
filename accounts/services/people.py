"""Making people and changing what is shown of them."""

import uuid

from django.db import transaction

from accounts import events, mail
from accounts.models import DirectoryWord, User
from accounts.services.sessions import end_sessions


def create_person(*, name: str, display_name: str, password: str, email: str = "", language: str = "") -> User:
    """A new account. Raises IntegrityError when somebody took the name in the meantime."""
    with transaction.atomic():
        user = User.objects.create_user(name, password, display_name=display_name, email=email, language=language)
    events.note("signed_up", uid=user.pk)
    return user


def rename(*, user: User, display_name: str) -> None:
    """Changes the name shown, and under which words the person is found."""
    with transaction.atomic():
        user.display_name = display_name
        user.save(update_fields=["display_name"])
        DirectoryWord.objects.put_words(user)


def set_language(*, user: User, language: str) -> None:
    User.objects.filter(pk=user.pk).update(language=language)


def set_bundle_version(*, uid: uuid.UUID, version: int) -> None:
    """Tells the directory which version of the person's keys is the newest; 0 for none."""
    User.objects.filter(pk=uid).update(bundle_version=version or None)


def set_active(*, user: User, active: bool) -> None:
    """Lets a person in again, or shuts them out and ends all their sessions."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(is_active=active)
        events.warn("switched_on" if active else "switched_off", uid=user.pk)
        if not active:
            end_sessions(user=user)


def set_staff(*, user: User, staff: bool) -> None:
    """Gives or takes the way into the administration; the person is told, and logs in again."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(is_staff=staff)
        events.warn("staff_given" if staff else "staff_taken", uid=user.pk)
        end_sessions(user=user)
        transaction.on_commit(lambda: mail.send_notice(user=user, event="staff_changed"), robust=True)
