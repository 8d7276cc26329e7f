"""What is the same for every part: input, cookies, logs, headers, files."""

from tests.mutants import Mutant

MUTANTS = [
    Mutant(
        "forwarded-address-believed",
        "chatproject/lib/addresses.py",
        "    return chain[-count] if count and len(chain) >= count else peer",
        "    return chain[0] if chain else peer",
        ("chatproject/tests/test_lib.py",),
    ),
    Mutant(
        "counters-pushed-out",
        "chatproject/settings.py",
        '        "OPTIONS": {"MAX_ENTRIES": 100_000},\n',
        "",
        ("chatproject/tests/test_safety.py",),
    ),
    Mutant(
        "cookie-without-prefix",
        "chatproject/settings.py",
        'KNOWN_BROWSER_COOKIE_NAME = f"{_prefix}known_browser"',
        'KNOWN_BROWSER_COOKIE_NAME = "known_browser"',
        ("accounts/tests/test_sessions.py",),
    ),
    Mutant(
        "no-csrf-check",
        "chatproject/settings.py",
        '    "django.middleware.csrf.CsrfViewMiddleware",\n',
        "",
        ("accounts/tests/test_doors.py::test_nothing_is_changed_without_the_token",),
    ),
    Mutant(
        "unknown-fields-taken",
        "chatproject/lib/api.py",
        "    if not isinstance(body, dict) or set(body) - set(known) or set(fields) - set(body):",
        "    if not isinstance(body, dict) or set(fields) - set(body):",
        ("chatproject/tests/test_lib.py", "keys/tests/test_views.py"),
    ),
    Mutant(
        "mail-open-to-all",
        "chatproject/mail.py",
        "os.O_APPEND, OWNER_ONLY)",
        "os.O_APPEND, 0o644)",
        ("chatproject/tests/test_safety.py",),
    ),
    Mutant(
        "token-in-the-log",
        "chatproject/logs.py",
        "            record.msg, record.args = hidden, ()\n",
        "            pass\n",
        ("chatproject/tests/test_safety.py",),
    ),
    Mutant(
        "pages-in-frames",
        "chatproject/middleware.py",
        "            \"frame-ancestors 'none'\",\n",
        "",
        ("tests/test_headers.py::test_every_route_answers_with_the_headers",),
    ),
    Mutant(
        "redis-counters-unpickled",
        "chatproject/settings.py",
        '                "serializer": "chatproject.lib.numbers.Numbers",\n',
        "",
        ("conversations/tests/test_hostile_layer.py",),
    ),
    Mutant(
        "bells-in-clear",
        "chatproject/settings.py",
        '[f"bells:{key}" for key in (SECRET_KEY, *SECRET_KEY_FALLBACKS)]',
        "[]",
        ("conversations/tests/test_hostile_layer.py",),
    ),
    Mutant(
        "one-odd-bell-deafens",
        "conversations/delivery.py",
        '        except Exception as error:\n            _failed("hear", error)',
        '        except KeyError as error:\n            _failed("hear", error)',
        ("conversations/tests/test_hostile_layer.py",),
    ),
    Mutant(
        "bells-said-again",
        "conversations/delivery.py",
        "        if age >= STALE_SECONDS:",
        "        if False:",
        ("conversations/tests/test_hostile_layer.py",),
    ),
    Mutant(
        "rights-in-the-address-of-a-bucket",
        "chatproject/env.py",
        '    if "@" in value:',
        "    if False:",
        ("chatproject/tests/test_env.py",),
    ),
    Mutant(
        "rights-to-the-bucket-in-the-log",
        "chatproject/settings.py",
        '    "loggers": {"botocore": {"level": "WARNING"}},  # below that: bodies, and keys to the bucket\n',
        "",
        ("conversations/tests/test_bucket.py::test_the_log_tells_neither_rights_nor_bodies",),
    ),
]
