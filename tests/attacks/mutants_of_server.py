"""One check of the server or of the drawn page for each attack on them: file, exact old text, new text."""

ACCOUNTS, CHAT = "accounts/", "conversations/"
POLICY = "chatproject/middleware.py"
UI = "static/js/ui/"

MUTANTS: dict[int, tuple[str, str, str]] = {
    14: (
        "keys/services/handout.py",
        "    if not throttles.may_have_one_time(requester.hex, target.hex):\n        return None\n",
        "",
    ),
    24: (f"{UI}stop-banner.js", '  ROOT_RESET: "dontSend",\n', ""),
    57: (
        "chatproject/settings.py",
        '    "django.contrib.sessions.middleware.SessionMiddleware",\n',
        '    "django.middleware.gzip.GZipMiddleware",\n    "django.contrib.sessions.middleware.SessionMiddleware",\n',
    ),
    80: ("static/js/chat/life.js", "    await this.db?.remove();\n", ""),
    81: (
        f"{UI}message-bubble.js",
        "(piece.href ? link(piece) : piece.text)",
        '(piece.href ? link(piece) : Object.assign(document.createElement("b"), { textContent: piece.text }))',
    ),
    82: (f"{UI}text.js", '(name ?? "").replace(BIDI, "")', '(name ?? "").replace(/<[^>]*>/g, "")'),
    83: (POLICY, "\"default-src 'none'\"", '"default-src *"'),
    84: ("chatproject/importmap.py", "{addresses[path]: integrity[path] for path in sources}", "{}"),
    85: (POLICY, '"worker-src blob:"', "\"worker-src 'self' blob:\""),
    86: (f"{UI}message-bubble.js", '  anchor.rel = "noopener noreferrer";\n', ""),
    88: (POLICY, '"Cross-Origin-Opener-Policy": "same-origin"', '"Cross-Origin-Opener-Policy": "unsafe-none"'),
    89: (
        "static/js/transport/api.js",
        "    return await response.json();",
        '    const body = await response.json(); Object.assign({}["__proto__"], body["__proto__"]); return body;',
    ),
    90: (f"{ACCOUNTS}services/login.py", "    throttles.count_login(who)\n", ""),
    91: (
        f"{ACCOUNTS}services/login.py",
        "    user = auth.authenticate(request, username=name, password=password)\n",
        "    known = User.objects.get_queryset().filter(name=fold_name(name)).exists()\n"
        "    user = auth.authenticate(request, username=name, password=password) if known else None\n",
    ),
    92: (f"{ACCOUNTS}services/codes.py", "        throttles.count(throttles.OTP_ACCOUNT, who)\n", "        pass\n"),
    93: (
        f"{ACCOUNTS}models/factors.py",
        "        return bool(TOTPFactor.objects.filter(pk=self.pk, last_t__lt=totp.t()).update(last_t=totp.t()) == 1)",
        "        return True",
    ),
    94: (f"{ACCOUNTS}models/factors.py", ".update(last_t=totp.t()) == 1)", ".exists())"),
    95: (
        f"{ACCOUNTS}middleware.py",
        "        user = services.full_login(request.session)\n",
        "        user = services.password_login(request.session)\n",
    ),
    96: (
        f"{ACCOUNTS}views/account.py",
        "    if not services.is_present(session=request.session, user=user):\n"
        '        return redirect("accounts:account-confirm")\n    if services.remove_factor',
        "    if services.remove_factor",
    ),
    97: (
        f"{ACCOUNTS}services/profile.py",
        "        end_sessions(user=user, keep=attempt_of(request.session))\n        transaction.on_commit(",
        "        transaction.on_commit(",
    ),
    98: (f"{CHAT}socketauth.py", "    if not allowed:\n", "    allowed = True\n    if not allowed:\n"),
    99: (
        f"{CHAT}services.py",
        "    if not Conversation.objects.of(uid).filter(cid=cid).exists():\n        raise not_found()\n    page:",
        "    page:",
    ),
    100: ("chatproject/lib/api.py", "or set(body) - set(known) or", "or"),
    101: ("keys/services/devices.py", "    curves.verify(pub=bytes(device.ds_pub), message=message, sig=sig)\n", ""),
    102: (f"{CHAT}ledgersql.py", "ORDER BY c.cid FOR UPDATE OF c", "ORDER BY c.cid"),
    103: (f"{CHAT}lobby.py", "MAX_WAITING_A_NETWORK = 100", "MAX_WAITING_A_NETWORK = 10**6"),
    104: (
        "chatproject/settings.py",
        '[f"bells:{key}" for key in (SECRET_KEY, *SECRET_KEY_FALLBACKS)]',
        "[]",
    ),
}

# where a second check stands behind the first, all of them go
ALSO: dict[int, list[tuple[str, str, str]]] = {
    97: [(f"{ACCOUNTS}services/sessions.py", " and _hash_fits(session, user)", "")],
    102: [
        (
            f"{CHAT}migrations/0001_initial.py",
            'models.UniqueConstraint(fields=("conversation", "seq"), name="conversations_event_one_seq"),\n',
            "",
        )
    ],
}

# attacks with several guards: each of these goes by itself, too
MORE: dict[int, list[tuple[str, str, str]]] = {
    85: [(POLICY, "\"require-trusted-types-for 'script'\"", "\"require-trusted-types-for 'none'\"")],
}
