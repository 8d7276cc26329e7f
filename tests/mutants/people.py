"""Second steps, codes, presence."""

from tests.mutants import Mutant

MUTANTS = [
    Mutant(
        "same-key-after-presence",
        "accounts/services/stepup.py",
        "    request.session.cycle_key()\n",
        "",
        ("accounts/tests/test_sessions.py",),
    ),
    Mutant(
        "presence-without-password",
        "accounts/services/stepup.py",
        "    if not user.check_password(password):",
        "    if False:",
        ("accounts/tests/test_account.py",),
    ),
    Mutant(
        "presence-for-ever",
        "accounts/services/stepup.py",
        " and float(session.get(PRESENT_KEY, 0)) > time.time()",
        " and PRESENT_KEY in session",
        ("accounts/tests/test_account.py",),
    ),
    Mutant(
        "enrolment-by-half-a-login",
        "accounts/services/enrol.py",
        "    if has_second_step(user) and not is_present(session=session, user=user):\n        raise PermissionDenied\n",  # noqa: E501
        "    return\n",
        ("accounts/tests/test_enrolment.py",),
    ),
    Mutant(
        "seed-shown-to-two",
        "accounts/services/enrol.py",
        "        if factor is None or session.get(SHOWN_SEED_KEY) != factor.seed_mark():",
        "        if factor is None:",
        ("accounts/tests/test_enrolment.py",),
    ),
    Mutant(
        "recovery-codes-trap",
        "accounts/services/enrol.py",
        "        recovery_set, _new = RecoverySet.objects.get_or_create(",
        "        recovery_set, _new = RecoverySet.objects.update_or_create(",
        ("accounts/tests/test_recovery.py",),
    ),
    Mutant(
        "app-code-works-twice",
        "accounts/models/factors.py",
        "        return bool(TOTPFactor.objects.filter(pk=self.pk, last_t__lt=totp.t()).update(last_t=totp.t()) == 1)",
        "        return True",
        ("accounts/tests/test_factors.py",),
    ),
    Mutant(
        "app-code-race",
        "accounts/models/factors.py",
        "filter(pk=self.pk, last_t__lt=totp.t()).update",
        "filter(pk=self.pk).update",
        ("accounts/tests/test_factors.py::test_a_state_read_before_a_code_was_spent_cannot_spend_it_again",),
    ),
    Mutant(
        "recovery-code-works-twice",
        "accounts/models/factors.py",
        "        return self.unused().update(used_at=timezone.now()) == 1",
        "        return self.update(used_at=timezone.now()) == 1",
        ("accounts/tests/test_recovery.py",),
    ),
    Mutant(
        "mail-code-of-another-login",
        "accounts/models/factors.py",
        "purpose=MailCode.Purpose.FACTOR, attempt=attempt, address",
        "purpose=MailCode.Purpose.FACTOR, address",
        ("accounts/tests/test_mailcodes.py",),
    ),
    Mutant(
        "mail-code-endless-tries",
        "accounts/models/mailcode.py",
        '        return self.open().update(tries_left=models.F("tries_left") - 1) == 1',
        "        return self.open().exists()",
        ("accounts/tests/test_mailcodes.py",),
    ),
    Mutant(
        "code-of-somebody-else",
        "accounts/services/codes.py",
        "        if factor is None or factor.user_id != user.pk:",
        "        if factor is None:",
        ("accounts/tests/test_factors.py", "accounts/tests/test_recovery.py"),
    ),
    Mutant(
        "codes-not-counted",
        "accounts/services/codes.py",
        "    throttles.count(throttles.OTP_ACCOUNT, who)\n",
        "",
        ("accounts/tests/test_factors.py", "accounts/tests/test_lockout.py"),
    ),
    Mutant(
        "owner-kept-out",
        "accounts/services/codes.py",
        '    who = f"{user.uid.hex}:{known}" if known else user.uid.hex',
        "    who = user.uid.hex",
        ("accounts/tests/test_lockout.py",),
    ),
    Mutant(
        "seed-stored-in-clear",
        "accounts/models/factors.py",
        "        self.sealed_seed = seal(seed, context=self._context())",
        "        self.sealed_seed = seed + seal(seed, context=self._context())",
        ("accounts/tests/test_factors.py",),
    ),
]
