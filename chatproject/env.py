"""The only place that reads the environment.

Each value comes from `NAME`, or from the file that `NAME_FILE` names. Secrets may also lie in
`DATA_DIR/secrets/NAME`, where `bin/run` puts them. A value that cannot be read names the variable and the form that
is expected; it never shows the value.
"""

import base64
import binascii
import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

_env = environ.FileAwareEnv()
_read: dict[str, tuple[str, str]] = {}  # what was read so far: name -> value, source
BASE_DIR = Path(__file__).resolve().parent.parent


def default_settings_module() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")


def text(name: str, default: str = "") -> str:
    value = str(_env.str(name, default=default)).strip()
    _read[name] = value, _source(name)
    return value


def flag(name: str, default: bool) -> bool:
    value = text(name).lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    if value:
        raise ImproperlyConfigured(f"{name} must be one of: true, false.")
    return default


def whole(name: str, default: int, *, least: int = 0, most: int = 10**9) -> int:
    value = text(name)
    if not value:
        return default
    if not value.isdecimal() or not least <= int(value) <= most:
        raise ImproperlyConfigured(f"{name} must be a whole number from {least} to {most}.")
    return int(value)


def words(name: str) -> list[str]:
    return [word.strip() for word in text(name).split(",") if word.strip()]


def choice(name: str, default: str, choices: set[str]) -> str:
    value = text(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of: {', '.join(sorted(choices))}.")
    return value


def data_dir() -> Path:
    return Path(text("DATA_DIR") or BASE_DIR / "data").resolve()


def secret(name: str) -> str:
    """The text of a secret, from the environment, a named file or the data folder."""
    value = text(name)
    if value:
        return value
    path = data_dir() / "secrets" / name
    if path.is_file():
        value = path.read_text(encoding="ascii").strip()
        _read[name] = value, str(path)
        return value
    raise ImproperlyConfigured(f"{name} is not set. Run bin/run once, or give {name} or {name}_FILE.")


def listable_secret(name: str) -> str:
    """A secret that will stand in a list one day: with a comma in it the list would hold two others."""
    value = secret(name)
    if "," in value:
        raise ImproperlyConfigured(f"{name} must not hold a comma: {name}_FALLBACKS is separated by commas.")
    return value


def key_list(name: str) -> list[bytes]:
    """32-byte keys, base64url, separated by commas, the newest first."""
    keys = [_key(name, part.strip()) for part in secret(name).split(",") if part.strip()]
    return keys or [_key(name, "")]


def _key(name: str, value: str) -> bytes:
    try:
        key = base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise ImproperlyConfigured(f"{name} must hold 32 bytes as base64url.")
    return key


def database(name: str) -> dict[str, Any] | None:
    """The database of the URL in NAME (`postgres://user:password@host:port/name`, `sqlite:////path`), or None."""
    return dict(_env.db_url(name)) if text(name) else None


def address(name: str) -> tuple[str, int] | None:
    """HOST:PORT, IPv6 in brackets; None when it is not set."""
    value = text(name)
    host, _colon, port = value.rpartition(":")
    if not value:
        return None
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ImproperlyConfigured(f"{name} must be HOST:PORT, for example 127.0.0.1:9464.")
    return host.strip("[]"), int(port)


def bucket(name: str) -> dict[str, str] | None:
    """The parts of `s3://BUCKET/PREFIX?region=REGION&endpoint=ADDRESS`, without prefix and endpoint when it names none;
    None when it is not set.
    """
    value = text(name)
    if not value:
        return None
    if "@" in value:
        raise ImproperlyConfigured(f"{name} must hold no user or password: docs/operations.md says where they go.")
    found = _BUCKET.fullmatch(value)
    if not found:
        form = "s3://BUCKET/PREFIX?region=REGION, then &endpoint=https://HOST unless it is S3 of AWS"
        raise ImproperlyConfigured(f"{name} must be {form}.")
    if find_spec("botocore") is None:
        how = "install requirements/s3.txt, or build the image with --build-arg EXTRAS=s3"
        raise ImproperlyConfigured(f"{name} needs the package botocore: {how}.")
    return found.groupdict(default="")


_BUCKET = re.compile(
    r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/?(?P<prefix>(?<=/)\w[\w.-]*(?:/\w[\w.-]*)*)?/?"
    r"\?region=(?P<region>[a-z0-9-]+)(?:&endpoint=(?P<endpoint>https?://[\w.:\[\]-]+)/?)?",
    re.ASCII,
)


def email() -> dict[str, Any] | None:
    """The mail server of `EMAIL_URL` (`smtp+tls://user:password@host:587`), or None."""
    return dict(_env.email_url("EMAIL_URL")) if text("EMAIL_URL") else None


def for_another_program() -> dict[str, str]:
    """What a program that is no part of the server needs of the environment; no setting, so no secret."""
    return {name: os.environ[name] for name in HANDED_ON if name in os.environ}


HANDED_ON = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR")

# What a list of settings may show: of these only whether there is one
SECRET = re.compile(r"_?(KEY|KEYS|SEED|FALLBACKS|PASSWORD)$")
NO_SECRET = {"BACKUP_PUBLIC_KEY"}
_CREDENTIALS = re.compile(r"//[^/@]*@")


def effective() -> dict[str, tuple[str, str]]:
    """Every setting read so far: what may be shown of its value, and where it comes from."""
    return {name: (_shown(name, value), source) for name, (value, source) in sorted(_read.items())}


def _shown(name: str, value: str) -> str:
    if not value or (SECRET.search(name) and name not in NO_SECRET):
        return "(set)" if value else "(not set)"
    return _CREDENTIALS.sub("//...@", value)


def _source(name: str) -> str:
    file = os.environ.get(f"{name}_FILE")
    if file:
        return file
    return "environment" if name in os.environ else "default"
