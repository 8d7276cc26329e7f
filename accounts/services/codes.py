"""Sending codes and checking them. Every check of a second step goes through `check_code`."""

import secrets
import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts import events, mail, throttles
from accounts.models import EmailFactor, Factor, MailCode, User, rows_of_factor
from accounts.sealing import digest, digests

MAIL_CODE_DIGITS = 6
MAIL_CODE_LIFE = timedelta(minutes=10)
MAIL_CODE_TRIES = 5


def check_code(*, user: User, factor_id: str, code: str, attempt: uuid.UUID | None, known: str = "") -> Factor | None:
    """The factor, when this is a right code of exactly this factor of this person; the code is spent then.

    Only the chosen factor is asked. Raises TooMany after ten failures in an hour, and while the factor makes its
    failures wait. Whoever has proved before to be the person (`known`: the mark of their browser or their full login)
    counts apart: somebody who has learnt the password cannot keep them out.
    """
    who = f"{user.uid.hex}:{known}" if known else user.uid.hex
    _count(user, who)
    with transaction.atomic():
        factor: Factor | None = rows_of_factor(factor_id).select_for_update().first()
        if factor is None or factor.user_id != user.pk:
            return None
        if not known and (wait := factor.wait_seconds()):
            raise throttles.TooMany(wait)
        if not factor.verify_token(code.replace(" ", ""), attempt, wait=not known):
            events.warn("code_wrong", uid=user.pk, factor=factor.kind)
            return None
    throttles.forgive(throttles.OTP_ACCOUNT, who)
    return factor


def _count(user: User, who: str) -> None:
    """One try. Whoever meets the limit knows the password: the person is told, once an hour."""
    try:
        throttles.count(throttles.OTP_ACCOUNT, who)
    except throttles.TooMany:
        if throttles.is_first_in_an_hour("codes-guessed", user.uid.hex):
            mail.send_notice(user=user, event="codes_guessed")
        raise


def send_factor_code(*, factor: EmailFactor, attempt: uuid.UUID, known: str = "") -> None:
    """Mails a new code for this login; the one before stops working. Raises TooMany; `known` as for `check_code`."""
    throttles.count_mail(f"{factor.user_id.hex}:{known}")
    if not (factor.confirmed or _is_proved(factor.user, factor.address)):
        throttles.count_recipient(throttles.UNPROVED_CODES, factor.address)
    _send(factor.user, MailCode.Purpose.FACTOR, factor.address, attempt)


def is_code_out(*, factor: EmailFactor, attempt: uuid.UUID | None) -> bool:
    """Whether a code was sent for this login that could still be accepted."""
    if attempt is None:
        return False
    codes = MailCode.objects.open().filter(user_id=factor.user_id, purpose=MailCode.Purpose.FACTOR, attempt=attempt)
    return codes.filter(address=factor.address).exists()


def send_address_code(*, user: User, address: str, attempt: uuid.UUID) -> None:
    """Mails a code that proves a new address of the account. Raises TooMany."""
    throttles.count_mail(f"{user.uid.hex}:{attempt.hex}")
    if not _is_proved(user, address):
        throttles.count_recipient(throttles.UNPROVED_CODES, address)
    _send(user, MailCode.Purpose.ADDRESS, address, attempt)


def spend_address_code(*, user: User, code: str, attempt: uuid.UUID) -> str | None:
    """The address that the code proves, once; None for a wrong, late or used one."""
    rows = MailCode.objects.filter(user=user, purpose=MailCode.Purpose.ADDRESS, attempt=attempt)
    right = digests("mail-code", attempt.hex, code.replace(" ", ""))
    if not (rows.take_try() and rows.filter(digest__in=right).use_up()):
        return None
    return rows.get().address


def _is_proved(user: User, address: str) -> bool:
    return user.email_proved and user.email == address


def _send(user: User, purpose: MailCode.Purpose, address: str, attempt: uuid.UUID) -> None:
    code = f"{secrets.randbelow(10**MAIL_CODE_DIGITS):0{MAIL_CODE_DIGITS}d}"
    now = timezone.now()
    with transaction.atomic():
        MailCode.objects.filter(user=user, expires_at__lt=now).delete()
        MailCode.objects.update_or_create(
            user=user,
            purpose=purpose,
            attempt=attempt,
            defaults={
                "address": address,
                "digest": digest("mail-code", attempt.hex, code),
                "tries_left": MAIL_CODE_TRIES,
                "sent_at": now,
                "expires_at": now + MAIL_CODE_LIFE,
                "used_at": None,
            },
        )
        transaction.on_commit(lambda: mail.send_code(user=user, address=address, code=code))
