"""What a second step checks. Plain subclasses of django-otp's device; a code is spent by one conditional UPDATE, so
that of many equal requests one wins, whatever the database locks.
"""

import hashlib
import time
import uuid
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models.functions import Least
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device, DeviceManager, ThrottlingMixin, TimestampMixin
from django_otp.oath import TOTP

from accounts.models.mailcode import MailCode
from accounts.recovery import canonical_code
from accounts.sealing import digests, open_sealed, seal

TOTP_STEP_SECONDS = 30
TOTP_DIGITS = 6
TOTP_WINDOW_STEPS = 1
ID_MAX_DIGITS = 18
# The delay grows 1, 2, 4 ... and stays at 2**10 s: about a quarter of an hour, never for good.
THROTTLE_MAX_FAILURES = 11


class Factor(TimestampMixin, ThrottlingMixin, Device):
    """One way of proving the second step. `attempt` is the login in which the code was typed."""

    kind: ClassVar[str]
    title: ClassVar[Any]

    class Meta:
        abstract = True

    def get_throttle_factor(self) -> int:
        return 1

    def verify_token(self, token: str, attempt: uuid.UUID | None = None, *, wait: bool = True) -> bool:
        """Spends the code. Call it through `accounts.services.check_code`, which holds the row's lock. With `wait` not
        even a right code is taken while earlier failures make the factor wait.
        """
        if wait and self.wait_seconds():
            return False
        if not self.spend(token, attempt):
            self._count_failure()
            return False
        type(self).objects.filter(pk=self.pk).update(
            throttling_failure_timestamp=None, throttling_failure_count=0, last_used_at=timezone.now()
        )
        return True

    def wait_seconds(self) -> int:
        """How long the next try has to wait because of failures; 0 when it need not."""
        allowed, why = self.verify_is_allowed()
        if allowed:
            return 0
        return int((why["locked_until"] - timezone.now()) / timedelta(seconds=1)) + 1

    def spend(self, token: str, attempt: uuid.UUID | None) -> bool:
        raise NotImplementedError

    def _count_failure(self) -> None:
        failures = Least(models.F("throttling_failure_count") + 1, THROTTLE_MAX_FAILURES)
        type(self).objects.filter(pk=self.pk).update(
            throttling_failure_timestamp=timezone.now(), throttling_failure_count=failures
        )


class TOTPFactor(Factor):
    """An authenticator app. The seed is sealed with a key that is not in the database."""

    kind = "app"
    title = _("Authenticator app")

    sealed_seed: "models.BinaryField[Any, Any]" = models.BinaryField(editable=False)
    last_t: "models.BigIntegerField[int, int]" = models.BigIntegerField(default=-1, editable=False)

    objects = DeviceManager()

    class Meta(Factor.Meta):
        constraints = [models.UniqueConstraint(fields=["user", "confirmed"], name="accounts_totpfactor_one_each")]

    def seed(self) -> bytes:
        return open_sealed(self.sealed_seed, context=self._context())

    def put_seed(self, seed: bytes) -> None:
        self.sealed_seed = seal(seed, context=self._context())

    def seed_mark(self) -> str:
        """Tells one seed from another without opening it."""
        return hashlib.sha256(bytes(self.sealed_seed)).hexdigest()[:32]

    def spend(self, token: str, attempt: uuid.UUID | None) -> bool:
        """True once for each time step: the last step used only ever grows."""
        if len(token) != TOTP_DIGITS or not (token.isascii() and token.isdecimal()):
            return False
        totp = TOTP(self.seed(), TOTP_STEP_SECONDS, digits=TOTP_DIGITS)
        totp.time = time.time()
        if not totp.verify(int(token), TOTP_WINDOW_STEPS, self.last_t + 1):
            return False
        return bool(TOTPFactor.objects.filter(pk=self.pk, last_t__lt=totp.t()).update(last_t=totp.t()) == 1)

    def _context(self) -> bytes:
        uid: uuid.UUID = self.user_id
        return b"totp-seed:" + uid.bytes


class EmailFactor(Factor):
    """Codes sent to one address."""

    kind = "email"
    title = _("Code by e-mail")

    address: "models.EmailField[str, str]" = models.EmailField()

    objects = DeviceManager()

    class Meta(Factor.Meta):
        constraints = [models.UniqueConstraint(fields=["user", "confirmed"], name="accounts_emailfactor_one_each")]

    def spend(self, token: str, attempt: uuid.UUID | None) -> bool:
        """True for the newest code sent for this very login, in time, within its tries, once."""
        if attempt is None:
            return False
        codes = MailCode.objects.filter(
            user_id=self.user_id, purpose=MailCode.Purpose.FACTOR, attempt=attempt, address=self.address
        )
        return codes.take_try() and codes.filter(digest__in=digests("mail-code", attempt.hex, token)).use_up()


class RecoverySet(Factor):
    """The codes on paper. Confirmed means: the person said that they have kept them."""

    kind = "recovery"
    title = _("Recovery code")

    objects = DeviceManager()

    class Meta(Factor.Meta):
        constraints = [models.UniqueConstraint(fields=["user"], name="accounts_recoveryset_one_each")]

    def spend(self, token: str, attempt: uuid.UUID | None) -> bool:
        found = digests("recovery-code", self.user_id.hex, canonical_code(token))
        return RecoveryCode.objects.filter(recovery_set=self, digest__in=found).use_up()

    def codes_left(self) -> int:
        return RecoveryCode.objects.filter(recovery_set=self, used_at=None).count()


FACTORS: tuple[type[Factor], ...] = (TOTPFactor, EmailFactor, RecoverySet)  # every kind, recovery codes last


def rows_of_factor(persistent_id: str) -> models.QuerySet[Any]:
    """The one row of an identifier that came from outside; no row for anything that is none."""
    label, _slash, number = persistent_id.partition("/")
    kind = {kind.model_label(): kind for kind in FACTORS}.get(label)
    if kind is None or not (number.isascii() and number.isdecimal() and len(number) <= ID_MAX_DIGITS):
        return TOTPFactor.objects.none()  # type: ignore[no-any-return]
    return kind.objects.filter(pk=int(number))  # type: ignore[no-any-return]


class RecoveryCodeQuerySet(models.QuerySet["RecoveryCode"]):
    def unused(self) -> Self:
        return self.filter(used_at=None)

    def use_up(self) -> bool:
        return self.unused().update(used_at=timezone.now()) == 1


class RecoveryCode(models.Model):
    recovery_set = models.ForeignKey(RecoverySet, on_delete=models.CASCADE, related_name="codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    objects = RecoveryCodeQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recovery_set", "digest"], name="accounts_recoverycode_once")]

    def __str__(self) -> str:
        return "used" if self.used_at else "unused"
