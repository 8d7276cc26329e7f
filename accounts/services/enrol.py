"""Setting up a second step: start a factor, confirm it by a first code, hand out recovery codes.

A person who already has a confirmed factor can start another one only from a full login; every function here asks that
itself.
"""

import os

from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts import events, mail
from accounts.models import FACTORS, EmailFactor, Factor, RecoveryCode, RecoverySet, TOTPFactor, User
from accounts.recovery import make_codes
from accounts.sealing import digest
from accounts.services.codes import check_code
from accounts.services.sessions import attempt_of, end_sessions, tries_of
from accounts.services.setup import make_administrator
from accounts.services.stepup import is_present

SEED_BYTES = 20
SHOWN_SEED_KEY = "shown_seed"


def confirmed_factors(user: User) -> list[Factor]:
    """The factors a person can log in with, recovery codes last."""
    found: list[Factor] = []
    for kind in FACTORS:
        found += kind.objects.devices_for_user(user, confirmed=True)
    return found


def has_second_step(user: User) -> bool:
    """True when the person has a confirmed app or e-mail factor; recovery codes alone are no second step."""
    kinds = (TOTPFactor, EmailFactor)
    return any(kind.objects.devices_for_user(user, confirmed=True).exists() for kind in kinds)


def has_kept_recovery_codes(user: User) -> bool:
    return bool(RecoverySet.objects.devices_for_user(user, confirmed=True).exists())


def start_app(*, user: User, session: SessionBase) -> TOTPFactor:
    """The authenticator app being set up. Its seed stays the same in one session until it is confirmed; another session
    gets another seed, so that nobody has seen the one that counts in the end but the person who confirmed it.
    """
    _may_enrol(user, session)
    with transaction.atomic():
        _lock(user)
        factor = TOTPFactor.objects.devices_for_user(user, confirmed=False).first()
        if factor is None or session.get(SHOWN_SEED_KEY) != factor.seed_mark():
            factor = factor or TOTPFactor(user=user, name="app", confirmed=False)
            factor.put_seed(os.urandom(SEED_BYTES))
            factor.save()
            session[SHOWN_SEED_KEY] = factor.seed_mark()
    return factor  # type: ignore[no-any-return]


def start_email(*, user: User, session: SessionBase) -> EmailFactor:
    """The e-mail factor being set up, for the account's address."""
    _may_enrol(user, session)
    if not user.email:
        raise PermissionDenied
    with transaction.atomic():
        factor, _new = EmailFactor.objects.update_or_create(
            user=user, confirmed=False, defaults={"name": "email", "address": user.email}
        )
    return factor  # type: ignore[no-any-return]


def confirm_factor(*, user: User, session: SessionBase, factor: Factor, code: str) -> Factor | None:
    """Confirms a factor by its first code, in place of one of its kind; None for a wrong code. A first administrator
    becomes one here, in the same transaction; for anybody who had a second step before, other sessions end. Raises
    TooMany.
    """
    with transaction.atomic():
        _lock(user)
        _may_enrol(user, session)
        checked = check_code(user=user, factor_id=factor.persistent_id, code=code, **tries_of(session))
        if checked is None:
            return None
        first = not has_second_step(user)
        type(checked).objects.devices_for_user(user, confirmed=True).exclude(pk=checked.pk).delete()
        type(checked).objects.filter(pk=checked.pk).update(confirmed=True)
        checked.confirmed = True
        if isinstance(checked, EmailFactor):
            _address_is_proved(user, checked.address)
        events.note("factor_added", uid=user.pk, factor=checked.kind)
        if first:
            make_administrator(user=user)
        else:
            end_sessions(user=user, keep=attempt_of(session))
            transaction.on_commit(lambda: mail.send_notice(user=user, event="factor_added"), robust=True)
    return checked


def renew_recovery_codes(*, user: User) -> list[str]:
    """Ten new codes, in clear for the only time; all older ones stop working. The first ones count once the person has
    kept them; later ones count at once, for somebody who entered with a recovery code may have nothing else.
    """
    codes = make_codes()
    with transaction.atomic():
        _lock(user)
        recovery_set, _new = RecoverySet.objects.get_or_create(
            user=user, defaults={"name": "recovery", "confirmed": False}
        )
        recovery_set.codes.all().delete()
        events.note("recovery_codes_made", uid=user.pk)
        RecoveryCode.objects.bulk_create(
            RecoveryCode(recovery_set=recovery_set, digest=digest("recovery-code", user.uid.hex, code.replace("-", "")))
            for code in codes
        )
    return codes


def keep_recovery_codes(*, user: User) -> bool:
    """The person has kept the codes: from now on they can be used. False when there are none."""
    return bool(RecoverySet.objects.filter(user=user).update(confirmed=True))


def _lock(user: User) -> None:
    """One person's factors change one after the other."""
    User.objects.select_for_update().get(pk=user.pk)


def _address_is_proved(user: User, address: str) -> None:
    if User.objects.filter(pk=user.pk, email=address).update(email_proved=True):
        user.email_proved = True


def _may_enrol(user: User, session: SessionBase) -> None:
    if has_second_step(user) and not is_present(session=session, user=user):
        raise PermissionDenied


def own_factor(*, user: User, kind: str, confirmed: bool) -> Factor | None:
    """The person's factor of a kind ("app", "email", "recovery")."""
    for model in FACTORS:
        if model.kind == kind:
            return model.objects.devices_for_user(user, confirmed=confirmed).first()  # type: ignore[no-any-return]
    return None
