"""Changing how a person logs in. The caller has asked for the person's presence where the docstring says so."""

import uuid

from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.http import HttpRequest

from accounts import events, mail, throttles
from accounts.models import EmailFactor, TOTPFactor, User
from accounts.services.codes import spend_address_code
from accounts.services.enrol import has_second_step
from accounts.services.sessions import attempt_of, end_sessions

FACTOR_KINDS = {TOTPFactor.kind: TOTPFactor, EmailFactor.kind: EmailFactor}


def change_password(*, request: HttpRequest, user: User, old: str, new: str) -> bool:
    """Sets a new password, ends all other sessions and tells the person by mail; False when the old one is wrong.
    Raises TooMany.
    """
    who = f"presence:{user.uid.hex}"
    throttles.count_login(who)
    if not user.check_password(old):
        throttles.login_failed(who)
        events.warn("password_wrong", uid=user.pk)
        return False
    with transaction.atomic():
        user.set_password(new)
        user.save(update_fields=["password"])
        end_sessions(user=user, keep=attempt_of(request.session))
        transaction.on_commit(lambda: mail.send_notice(user=user, event="password_changed"), robust=True)
    update_session_auth_hash(request, user)
    events.note("password_changed", uid=user.pk)
    return True


def confirm_address(*, user: User, code: str, attempt: uuid.UUID) -> bool:
    """Makes the address that the code proves the account's; needs presence. The old address is told, and a factor on
    it moves.
    """
    with transaction.atomic():
        address = spend_address_code(user=user, code=code, attempt=attempt)
        if address is None:
            return False
        before = User(uid=user.uid, name=user.name, email=user.email, language=user.language)
        before.email_proved = user.email_proved
        User.objects.filter(pk=user.pk).update(email=address, email_proved=True)
        EmailFactor.objects.filter(user=user).update(address=address)
        user.email, user.email_proved = address, True
        events.note("address_changed", uid=user.pk)
        transaction.on_commit(lambda: mail.send_notice(user=before, event="email_changed"), robust=True)
    return True


def remove_factor(*, user: User, kind: str, keep: uuid.UUID | None) -> bool:
    """Removes an app or e-mail factor and ends the other sessions; needs presence. False when it is the last one:
    nobody is left without a second step.
    """
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        removed, _rows = FACTOR_KINDS[kind].objects.devices_for_user(user, confirmed=True).delete()
        if not removed or not has_second_step(user):
            transaction.set_rollback(True)
            return False
        end_sessions(user=user, keep=keep)
        events.warn("factor_removed", uid=user.pk, factor=kind)
        transaction.on_commit(lambda: mail.send_notice(user=user, event="factor_removed"), robust=True)
    return True
