"""Sessions, the gate, the administration, the pages."""

from tests.mutants import Mutant

MUTANTS = [
    Mutant(
        "second-step-not-asked",
        "accounts/services/sessions.py",
        'kind.objects.filter(AnyOf(F("user"), uids), confirmed=True)',
        "kind.objects.filter(confirmed=True)",
        ("accounts/tests/test_gate.py::test_it_refuses_another_persons_factor",),
    ),
    Mutant(
        "unconfirmed-factor-counts",
        "accounts/services/sessions.py",
        'kind.objects.filter(AnyOf(F("user"), uids), confirmed=True)',
        'kind.objects.filter(AnyOf(F("user"), uids))',
        ("accounts/tests/test_gate.py::test_it_refuses_an_unconfirmed_factor",),
    ),
    Mutant(
        "gate-takes-a-password",
        "accounts/middleware.py",
        "        user = services.full_login(request.session)\n",
        "        user = services.password_login(request.session)\n",
        ("accounts/tests/test_gate.py::test_a_password_alone_opens_nothing_but_the_way_in",),
    ),
    Mutant(
        "ended-session-lives",
        "accounts/services/sessions.py",
        "started_at__gt=_oldest_possible(), user__is_active=True)",
        "started_at__gt=_oldest_possible())",
        ("accounts/tests/test_gate.py::test_it_refuses_a_person_who_was_switched_off_in_the_database_itself",),
    ),
    Mutant(
        "deactivation-ends-no-session",
        "accounts/services/people.py",
        "        if not active:\n            end_sessions(user=user)\n",
        "",
        ("accounts/tests/test_gate.py::test_it_refuses_a_deactivated_person", "conversations/tests/test_endings.py"),
    ),
    Mutant(
        "session-of-an-old-password",
        "accounts/services/sessions.py",
        " and _hash_fits(session, user)",
        "",
        (
            "accounts/tests/test_gate.py::test_it_refuses_a_session_from_before_a_password_change",
            "accounts/tests/test_gate.py::test_it_refuses_a_forged_hash",
        ),
    ),
    Mutant(
        "session-without-end",
        "accounts/services/sessions.py",
        "started_at__gt=_oldest_possible(), ",
        "",
        ("accounts/tests/test_sessions.py",),
    ),
    Mutant(
        "ended-sessions-ring-nobody",
        "accounts/services/sessions.py",
        "        (ended.exclude(id=keep) if keep else ended).delete()\n        _ring(user)\n",
        "        (ended.exclude(id=keep) if keep else ended).delete()\n",
        ("conversations/tests/test_endings.py",),
    ),
    Mutant(
        "log-out-rings-nobody",
        "accounts/services/sessions.py",
        "        ended, _rows = user.account_sessions.filter(id=session_id).delete()\n        _ring(user)\n",
        "        ended, _rows = user.account_sessions.filter(id=session_id).delete()\n",
        ("conversations/tests/test_endings.py",),
    ),
    Mutant(
        "same-key-after-second-step",
        "accounts/services/login.py",
        "    otp_login(request, factor)\n    request.session.cycle_key()\n",
        "    otp_login(request, factor)\n",
        ("accounts/tests/test_sessions.py", "accounts/tests/test_entrance.py"),
    ),
    Mutant(
        "passwords-not-counted",
        "accounts/services/login.py",
        "    throttles.count_login(who)\n",
        "",
        ("accounts/tests/test_guessing.py::test_guessing_is_slowed_down_for_known_and_unknown_names",),
    ),
    Mutant(
        "networks-not-counted",
        "accounts/services/login.py",
        "    throttles.count_address(throttles.LOGIN_ADDRESS, request)\n",
        "",
        ("accounts/tests/test_guessing.py::test_one_network_cannot_try_many_names",),
    ),
    Mutant(
        "cookie-over-plain-http",
        "accounts/views/common.py",
        "        secure=settings.SESSION_COOKIE_SECURE,\n",
        "",
        ("accounts/tests/test_sessions.py",),
    ),
    Mutant(
        "head-runs-as-post",
        "accounts/views/enrolment.py",
        '    if request.method != "POST":',
        '    if request.method == "GET":',
        ("accounts/tests/test_doors.py",),
    ),
    Mutant(
        "admin-password-door",
        "accounts/adminsite.py",
        '        return redirect("accounts:account-password")',
        "        return super().password_change(request, extra_context)",
        ("accounts/tests/test_doors.py",),
    ),
    Mutant(
        "admin-without-staff-mark",
        "accounts/adminsite.py",
        "        return user is not None and user.is_staff",
        "        return user is not None",
        ("accounts/tests/test_administration.py", "keys/tests/test_admin.py"),
    ),
    Mutant(
        "admin-deletes-people",
        "accounts/admin.py",
        "    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:\n        return False",  # noqa: E501
        "    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:\n        return True",  # noqa: E501
        ("accounts/tests/test_administration.py",),
    ),
    Mutant(
        "closed-site-tells-names",
        "accounts/api.py",
        '    if settings.REGISTRATION == "closed" and User.objects.administrators().exists():\n        raise ApiError("NOT_FOUND", 404)\n',  # noqa: E501
        "",
        ("accounts/tests/test_doors.py",),
    ),
    Mutant(
        "directory-tells-more",
        "accounts/api.py",
        '        "has_keys": bool(user.bundle_version),\n',
        '        "has_keys": bool(user.bundle_version),\n        "email": user.email,\n',
        ("accounts/tests/test_directory.py",),
    ),
    Mutant(
        "open-redirect",
        "accounts/views/common.py",
        " and url_has_allowed_host_and_scheme(target, allowed_hosts=None):",
        ":",
        ("accounts/tests/test_doors.py", "accounts/tests/test_journey.py"),
    ),
    Mutant(
        "typed-name-in-the-log",
        "accounts/services/login.py",
        '        events.warn("password_wrong", network=throttles.address_of(request))',
        '        events.warn("password_wrong", network=throttles.address_of(request), name=name)',
        ("accounts/tests/test_events.py",),
    ),
    Mutant(
        "logins-read-before-they-were-asked-for",
        "conversations/gathering.py",
        "            await self._answer({key: self._waiting.pop(key) for key in list(self._waiting)[:MAX_TOGETHER]})\n",
        "            await self._answer(dict(self._waiting))\n            self._waiting.clear()\n",
        ("conversations/tests/test_gathering.py",),
    ),
]
