"""What an operator relies on without looking: counters, checks, logs, files."""

import logging
import os
import runpy
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings as current
from django.core.cache import caches
from django.core.mail import EmailMessage
from django.test import override_settings

from chatproject import checks
from chatproject.first_secrets import make_secrets
from chatproject.lib import private
from chatproject.logs import HideTokens
from chatproject.mail import TerminalAndFileBackend


def fresh_settings(monkeypatch: pytest.MonkeyPatch, **environment: str) -> dict[str, Any]:
    for name in ("DATABASE_URL", "MESSAGES_DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path("chatproject/settings.py")


def test_other_peoples_tries_do_not_push_a_counter_out() -> None:
    cache = caches["default"]
    cache.clear()
    cache.set("a-counter", 5, 3600)
    for number in range(2000):
        cache.set(f"of-somebody-else-{number}", 1, 3600)
    assert cache.get("a-counter") == 5
    cache.clear()


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, []),
        ({"DATABASE_URL": "postgres://chat@db/chat"}, ["chat.W005"]),
        ({"MESSAGES_DATABASE_URL": "postgres://chat@db/chat"}, ["chat.W005"]),
        ({"DATABASE_URL": "postgres://chat@db/chat", "REDIS_URL": "redis://redis"}, []),
    ],
)
def test_it_warns_of_counters_that_processes_do_not_share(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], found: list[str]
) -> None:
    fresh = fresh_settings(monkeypatch, **environment)
    monkeypatch.setattr(checks, "settings", SimpleNamespace(**fresh))
    assert [message.id for message in checks.counters_are_shared()] == found


@pytest.mark.parametrize(("url", "found"), [("http://chat.example", ["chat.E001"]), ("http://localhost:8000", [])])
def test_it_refuses_to_be_a_site_without_tls(url: str, found: list[str]) -> None:
    with override_settings(SITE_URL=url, TLS=False):
        assert [message.id for message in checks.needs_tls()] == found


def test_it_refuses_to_show_the_secrets_of_second_steps() -> None:
    with override_settings(OTP_ADMIN_HIDE_SENSITIVE_DATA=False):
        assert [message.id for message in checks.hides_factor_secrets()] == ["chat.E002"]


def test_with_tls_browsers_are_told_to_stay_there(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = fresh_settings(monkeypatch, SITE_URL="https://chat.example", TRUSTED_PROXY_COUNT="1")
    assert fresh["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert fresh["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")
    assert "SECURE_PROXY_SSL_HEADER" not in fresh_settings(monkeypatch, TRUSTED_PROXY_COUNT="0")


def test_nothing_shows_its_inside_to_visitors() -> None:
    assert current.DEBUG is False


def test_a_one_time_token_never_stands_in_the_log() -> None:
    record = logging.LogRecord("django.request", 30, "", 0, "%s: %s", ("Bad Request", "/setup/S3CRET-token/"), None)
    assert HideTokens().filter(record)
    assert record.getMessage() == "Bad Request: /setup/.../"


def test_every_handler_of_the_log_hides_tokens() -> None:
    handlers = current.LOGGING["handlers"].values()
    assert all("hide_tokens" in handler.get("filters", []) for handler in handlers)


def test_a_mail_is_for_the_eyes_of_the_server_alone(tmp_path: Path, settings: Any, capsys: Any) -> None:
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    before = os.umask(0o022)
    try:
        TerminalAndFileBackend().send_messages([EmailMessage("Code", "123456", "a@example.org", ["b@example.org"])])
    finally:
        os.umask(before)
    (kept,) = (tmp_path / "mail").iterdir()
    assert (stat.S_IMODE(kept.stat().st_mode), b"123456" in kept.read_bytes()) == (0o600, True)
    assert stat.S_IMODE((tmp_path / "mail").stat().st_mode) == 0o700
    assert "123456" in capsys.readouterr().out


def test_a_database_file_that_others_could_read_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "chat.sqlite3"
    for end in ("", "-wal"):
        Path(f"{path}{end}").touch(mode=0o644)
    databases = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)}}
    monkeypatch.setattr(private, "settings", SimpleNamespace(DATABASES=databases))
    before = private.keep_private()
    inside = os.umask(before)
    assert [stat.S_IMODE(Path(f"{path}{end}").stat().st_mode) for end in ("", "-wal")] == [0o600, 0o600]
    assert inside == 0o077


def test_an_installation_with_tls_passes_every_check(tmp_path: Path) -> None:
    own = {"DATA_DIR": str(tmp_path), "SITE_URL": "https://chat.example", "TRUSTED_PROXY_COUNT": "1"}
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "MESSAGES_DATABASE_URL")}
    make_secrets(tmp_path)
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    environment = {**kept, **own, "DJANGO_SETTINGS_MODULE": "chatproject.settings"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
