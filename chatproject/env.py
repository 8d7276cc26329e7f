"""The only place that reads the environment.

Each value comes from `NAME`, or from the file that `NAME_FILE` names. Secrets may also lie in
`DATA_DIR/secrets/NAME`, where `bin/run` puts them. A value that cannot be read names the variable and the form or file
that is expected; it never shows the value.
"""

import base64
import binascii
import os
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

_env = environ.FileAwareEnv()
_read: dict[str, tuple[str, str]] = {}  # what was read so far: name -> value, source
BASE_DIR = Path(__file__).resolve().parent.parent


def default_settings_module() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")


def text(name: str, default: str = "") -> str:
    try:
        value = str(_env.str(name, default=default)).strip()
    except (OSError, UnicodeError) as error:
        raise _no_file(f"{name}_FILE names {_source(name)}, which", error) from None
    _read[name] = value, _source(name)
    return value


def _no_file(what: str, error: OSError | UnicodeError) -> ImproperlyConfigured:
    why = error.strerror if isinstance(error, OSError) else "it holds no text"
    return ImproperlyConfigured(f"{what} cannot be read: {why}.")


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
    return _parts(text(name))


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def choice(name: str, default: str, choices: set[str]) -> str:
    value = text(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of: {', '.join(sorted(choices))}.")
    return value


def data_dir() -> Path:
    return Path(text("DATA_DIR") or BASE_DIR / "data").resolve()


def secret(name: str) -> str:
    """The text of a secret, from the environment, a named file or the data folder."""
    value = text(name) or _kept(name)
    if value:
        return value
    raise ImproperlyConfigured(f"{name} is not set. Run bin/run once, or give {name} or {name}_FILE.")


def _kept(name: str) -> str:
    """The text of a secret in the data folder; empty when it is not there."""
    path = data_dir() / "secrets" / name
    _read[name] = "", "default"
    try:
        value = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeError) as error:
        raise _no_file(f"{name} in {path}", error) from None
    _read[name] = value, str(path)
    return value


def optional_secrets(name: str) -> list[str]:
    """Secrets separated by commas, found as other secrets are. There are none most of the time: a named file need not
    be there.
    """
    file = os.environ.get(f"{name}_FILE")
    if file and not os.path.exists(file):
        value = os.environ.get(name, "")
        _read[name] = value, "environment" if value else file
    else:
        value = text(name) if file or name in os.environ else _kept(name)
    return _parts(value)


def listable_secret(name: str) -> str:
    """A secret that will stand in a list one day: with a comma in it the list would hold two others."""
    value = secret(name)
    if "," in value:
        raise ImproperlyConfigured(f"{name} must not hold a comma: {name}_FALLBACKS is separated by commas.")
    return value


def key_list(name: str) -> list[bytes]:
    """32-byte keys, base64url, separated by commas, the newest first."""
    keys = [_key(name, part) for part in _parts(secret(name))]
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
    found = _parsed(name, environ.FileAwareEnv.db_url_config)
    return dict(found) if found else None


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
    found = _parsed("EMAIL_URL", environ.FileAwareEnv.email_url_config)
    return dict(found) if found else None


def redis(name: str) -> str:
    """The URL in NAME (`redis://:password@host:port/0`) as it is, for clients that read it themselves; or nothing."""
    return str(_parsed(name, _for_redis) or "")


def _for_redis(value: str) -> str:
    url = urlsplit(value)
    if url.scheme not in {"redis", "rediss", "unix"} or url.port == 0:
        raise ValueError
    return value


def _parsed(name: str, parse: Callable[[str], Any]) -> Any:
    """What `parse` makes of the URL in NAME, None when it is not set. Parsers quote what they could not read, and read
    something else when a sign in a password ends the part before the host: neither may happen.
    """
    value = text(name)
    if not value:
        return None
    try:
        found = parse(value) if _URL.fullmatch(value) else None
    except (ValueError, ImproperlyConfigured):
        found = None
    if found:
        return found
    form = "it must be SCHEME://USER:PASSWORD@HOST:PORT, and /, @, :, #, ? and % in a password"
    raise ImproperlyConfigured(f"{name} cannot be read: {form} have to be percent-encoded (/ is %2F, @ is %40).")


# Without a host anything may follow (a path of SQLite); behind a host no @ any more, for it ends a password.
_URL = re.compile(r"[a-z][a-z0-9+.-]*://(?:[/?#].*|[^/?#]+(?:[/?#][^@]*)?)?", re.IGNORECASE | re.DOTALL)


def throw_away_secrets() -> None:
    """For a command that needs none, on whatever machine it runs: the settings load, and nothing is kept."""
    os.environ["SECRET_KEY_FALLBACKS"] = ""
    for name in ("SECRET_KEY", "FIELD_KEYS", "LOG_KEY_SEED"):
        os.environ[name] = base64.urlsafe_b64encode(os.urandom(32)).decode()
    for name in ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "FIELD_KEYS", "LOG_KEY_SEED"):
        os.environ.pop(f"{name}_FILE", None)


def for_another_program() -> dict[str, str]:
    """What a program that is no part of the server needs of the environment; no setting, so no secret."""
    return {name: os.environ[name] for name in HANDED_ON if name in os.environ}


HANDED_ON = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR")

# What a list of settings may show: of these only whether there is one
SECRET = re.compile(r"_?(KEY|KEYS|SEED|FALLBACKS|PASSWORD)$")
NO_SECRET = {"BACKUP_PUBLIC_KEY"}
_CREDENTIALS = re.compile(r"//[^/?#]*@")  # up to the last @ before the host
_PASSWORD = re.compile(r"([?&]\w*password=)[^&#]*", re.IGNORECASE)


def effective() -> dict[str, tuple[str, str]]:
    """Every setting read so far: what may be shown of its value, and where it comes from."""
    return {name: (_shown(name, value), source) for name, (value, source) in sorted(_read.items())}


def _shown(name: str, value: str) -> str:
    if not value or (SECRET.search(name) and name not in NO_SECRET):
        return "(set)" if value else "(not set)"
    value = _PASSWORD.sub(r"\1...", value)
    return _CREDENTIALS.sub("//...@", value)


def _source(name: str) -> str:
    file = os.environ.get(f"{name}_FILE")
    if file:
        return file
    return "environment" if name in os.environ else "default"
