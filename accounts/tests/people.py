"""Test doubles of people: made by the services, logged in through the session as the pages do it."""

import functools
import os
import time
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.oath import TOTP

from accounts import services, throttles
from accounts.models import RecoveryCode, RecoverySet, TOTPFactor, User
from accounts.recovery import make_codes
from accounts.sealing import digest

PASSWORD = "three calm rivers meet"


def make_person(name: str = "alice", *, app: bool = True, **fields: Any) -> User:
    """A person with a password and, if wanted, an app factor and kept recovery codes."""
    user = User.objects.create_user(name, **fields)
    User.objects.get_queryset().filter(pk=user.pk).update(password=_password_hash())
    user.refresh_from_db()
    if app:
        give_app(user)
        give_recovery_codes(user)
    return user


@functools.cache
def _password_hash() -> str:
    """Hashing is slow on purpose; once is enough for all."""
    return make_password(PASSWORD)


def give_app(user: User, *, confirmed: bool = True) -> TOTPFactor:
    factor = TOTPFactor(user=user, name="app", confirmed=confirmed)
    factor.put_seed(os.urandom(20))
    factor.save()
    return factor


def give_recovery_codes(user: User) -> list[str]:
    recovery_set = RecoverySet.objects.create(user=user, name="recovery", confirmed=True)
    codes = make_codes()
    for code in codes:
        found = digest("recovery-code", user.uid.hex, code.replace("-", ""))
        RecoveryCode.objects.create(recovery_set=recovery_set, digest=found)
    return codes


def app_code(user: User, *, steps: int = 0, confirmed: bool = True) -> str:
    """What the person's authenticator app shows, `steps` half minutes from now."""
    factor = TOTPFactor.objects.get(user=user, confirmed=confirmed)
    totp = TOTP(factor.seed(), 30)
    totp.time = time.time() + 30 * steps
    return f"{totp.token():06d}"


def log_in(user: User, client: Client | None = None, *, full: bool = True) -> Client:
    """A client whose session proved the password and, if full, the second step."""
    client = client or Client()
    client.force_login(user)
    if full:
        session = client.session
        session[DEVICE_ID_SESSION_KEY] = TOTPFactor.objects.get(user=user, confirmed=True).persistent_id
        session.save()
    return client


def check(user: User, code: str, *, factor: Any = None, attempt: Any = None) -> Any:
    """Type a code, with the hour's tries forgotten."""
    factor = factor or TOTPFactor.objects.get(user=user)
    throttles.forgive(throttles.OTP_ACCOUNT, user.uid.hex)
    return services.check_code(user=user, factor_id=factor.persistent_id, code=code, attempt=attempt)


def whole_table(model: Any) -> str:
    """Every cell of a table as it is stored."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {model._meta.db_table}")
        return repr([[bytes(cell) if isinstance(cell, memoryview) else cell for cell in row] for row in cursor])
