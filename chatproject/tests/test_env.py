"""Settings from the environment and from files: the list of them shows no secret, and what cannot be read is told in
one sentence.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping
from redis.connection import parse_url

from chatproject import env
from chatproject.first_secrets import BYTES, make_secrets
from tests.sources import ROOT
from tests.test_architecture import settings_read

CANARIES = {
    "SECRET_KEY": "canary-of-the-secret-key-0123456789-0123456789-0123456789",
    "SECRET_KEY_FALLBACKS": "canary-of-an-older-key",
    "DATABASE_URL": "postgres://accounts:canary-of-a-password@db:5432/accounts?sslmode=require&password=canary-of-libpq",
    "MESSAGES_DATABASE_URL": "postgres://messages:half@canary-of-the-other-half@db:5432/messages",
    "REDIS_URL": "redis://:half@canary-of-redis@redis:6379/0",
    "EMAIL_URL": "smtp+tls://me@example.org:canary-of-mail@mail.example:587",
}
# What a shell or `openssl rand -base64` makes of a password: the part before the host ends too early.
CUT = [
    ("EMAIL_URL", "smtp+tls://me@example.org:canary/one@mail.example:587"),
    ("EMAIL_URL", "smtp+tls://me:canary/one@mail.example:587"),
    ("EMAIL_URL", "smtp+tls://me:12/canary@mail.example:587"),
    ("EMAIL_URL", "smtp+tls://me:canary#one@mail.example:587"),
    ("EMAIL_URL", "smtp+tls://mail.example:canary"),
    ("EMAIL_URL", "canary://me:canary@mail.example"),
    ("EMAIL_URL", "me:canary@mail.example"),
    ("DATABASE_URL", "postgres://accounts:canary/one@db:5432/accounts"),
    ("DATABASE_URL", "postgres://accounts:12/canary@db:5432/accounts"),
    ("DATABASE_URL", "postgres://accounts:12#canary@db:5432/accounts"),
    ("DATABASE_URL", "postgres://accounts:12?canary@db:5432/accounts"),
    ("DATABASE_URL", "//accounts:canary@db:5432/accounts"),
    ("REDIS_URL", "redis://:canary/one@redis:6379/0"),
    ("REDIS_URL", "redis://:12/canary@redis:6379/0"),
    ("REDIS_URL", "redis://:[canary@redis:6379/0"),
    ("REDIS_URL", "http://:canary@redis:6379/0"),
]
READERS = {"EMAIL_URL": lambda name: env.email(), "DATABASE_URL": env.database, "REDIS_URL": env.redis}


def manage(tmp_path: Path, *words: str, secrets: bool = True, **settings: str) -> subprocess.CompletedProcess[str]:
    """A command of an installation that has nothing of this test run's environment but its Python."""
    if secrets:
        make_secrets(tmp_path)
    given = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **settings}
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=False, timeout=60)


def listed(tmp_path: Path, *words: str) -> str:
    done = manage(tmp_path, "env", *words, **CANARIES)
    assert done.returncode == 0, done.stderr
    return done.stdout


def expect_one_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.endswith(".")
    assert [word for word in words if word not in line] == []


def test_every_setting_is_listed_and_no_secret(tmp_path):
    shown = json.loads(listed(tmp_path, "--json"))
    assert set(shown) == settings_read()
    text = json.dumps(shown)
    assert "canary" not in text
    for name in BYTES:
        assert (tmp_path / "secrets" / name).read_text() not in text
    assert shown["SECRET_KEY"] == {"value": "(set)", "source": "environment"}
    assert shown["FIELD_KEYS"] == {"value": "(set)", "source": str(tmp_path / "secrets/FIELD_KEYS")}
    assert shown["REDIS_URL"]["value"] == "redis://...@redis:6379/0"
    assert shown["EMAIL_URL"]["value"] == "smtp+tls://...@mail.example:587"
    assert shown["DATABASE_URL"]["value"] == "postgres://...@db:5432/accounts?sslmode=require&password=..."
    assert shown["ADMIN_PATH"] == {"value": "admin", "source": "default"}


def test_a_secret_key_with_a_comma_is_refused_before_it_could_not_be_rotated(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "one half,another half")
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY must not hold a comma") as refused:
        env.listable_secret("SECRET_KEY")
    assert "half" not in str(refused.value)


def test_the_secret_keys_that_are_made_can_be_rotated(tmp_path):
    make_secrets(tmp_path)
    assert "," not in (tmp_path / "secrets" / "SECRET_KEY").read_text()


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("", None),
        ("s3://llave?region=eu-south-2", ("llave", "", "eu-south-2", "")),
        ("s3://llave/web/files/?region=eu-south-2", ("llave", "web/files", "eu-south-2", "")),
        ("s3://llave/a?region=x&endpoint=https://s3.example:9000/", ("llave", "a", "x", "https://s3.example:9000")),
    ],
)
def test_a_bucket_has_a_name_a_prefix_and_a_region(monkeypatch, value, parts):
    monkeypatch.setenv("BLOBS_URL", value)
    found = env.bucket("BLOBS_URL")
    assert (tuple(found.values()) if found else None) == parts


def expect_bucket_refused(monkeypatch, value, why):
    monkeypatch.setenv("BLOBS_URL", value)
    with pytest.raises(ImproperlyConfigured, match=why) as refused:
        env.bucket("BLOBS_URL")
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    "value",
    [
        "/srv/media",
        "https://llave.s3.amazonaws.com/canary",
        "s3://llave/canary",
        "s3://llave/canary?region=",
        "s3:///canary?region=eu-south-2",
        "s3://Llave/canary?region=eu-south-2",
        "s3://llave/../canary?region=eu-south-2",
        "s3://llave//canary?region=eu-south-2",
        "s3://llave/canary?region=eu-south-2&acl=public-read",
        "s3://llave/canary?region=eu-south-2&secret_key=canary",
        "s3://llave/canary?region=eu-south-2&endpoint=s3.example",
    ],
)
def test_what_names_no_bucket_is_refused_without_showing_it(monkeypatch, value):
    expect_bucket_refused(monkeypatch, value, "BLOBS_URL must be s3://BUCKET/PREFIX")


@pytest.mark.parametrize(
    "value",
    [
        "s3://key:canary@llave/a?region=eu-south-2",
        "s3://llave/a?region=eu-south-2&endpoint=https://key:canary@s3.example",
    ],
)
def test_rights_to_a_bucket_are_refused_in_its_address(monkeypatch, value):
    expect_bucket_refused(monkeypatch, value, "BLOBS_URL must hold no user or password")


def test_a_bucket_without_its_package_is_refused_with_what_to_do(monkeypatch):
    monkeypatch.setenv("BLOBS_URL", "s3://llave?region=eu-south-2")
    monkeypatch.setattr(env, "find_spec", lambda name: None)
    with pytest.raises(ImproperlyConfigured, match=r"BLOBS_URL needs .*requirements/s3\.txt.*EXTRAS=s3"):
        env.bucket("BLOBS_URL")


def test_scripts_get_one_value(tmp_path):
    assert listed(tmp_path, "ADMIN_PATH") == "admin\n"


@pytest.mark.parametrize(("name", "value"), CUT)
def test_a_url_that_cannot_be_read_is_refused_without_showing_it(monkeypatch, recwarn, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=f"^{name} cannot be read") as refused:
        READERS[name](name)
    assert "/, @, :, #, ? and % in a password have to be percent-encoded" in str(refused.value)
    assert "canary" not in str(refused.value)
    assert refused.value.__cause__ is refused.value.__context__ is None
    assert not recwarn.list


def test_a_password_that_is_percent_encoded_arrives_as_it_was(monkeypatch):
    signs = "%2F%40%3A%23%3F%25%2B"
    monkeypatch.setenv("EMAIL_URL", f"smtp+tls://me%40example.org:{signs}@mail.example:587")
    monkeypatch.setenv("DATABASE_URL", f"postgres://accounts:{signs}@db:5432/accounts")
    monkeypatch.setenv("REDIS_URL", f"redis://:{signs}@redis:6379/0")
    mail = env.email()
    assert (mail["EMAIL_HOST_USER"], mail["EMAIL_HOST_PASSWORD"]) == ("me@example.org", "/@:#?%+")
    assert env.database("DATABASE_URL")["PASSWORD"] == "/@:#?%+"
    assert parse_url(env.redis("REDIS_URL"))["password"] == "/@:#?%+"


@pytest.mark.parametrize(
    ("value", "part", "is_"),
    [
        ("sqlite:////srv/chat@home/chat.sqlite3", "NAME", "/srv/chat@home/chat.sqlite3"),
        ("sqlite://:memory:", "NAME", ":memory:"),
        ("postgres://accounts:a@b@db:5432/accounts", "PASSWORD", "a@b"),
        ("postgres://accounts:[ab@db:5432/accounts", "PASSWORD", "[ab"),
        ("postgres://chat@one:5432,two:5433/chat", "HOST", "one,two"),
        ("postgres://chat@/chat?host=/run/postgresql", "OPTIONS", {"host": "/run/postgresql"}),
    ],
)
def test_an_unusual_database_is_read_as_before(monkeypatch, value, part, is_):
    monkeypatch.setenv("DATABASE_URL", value)
    assert env.database("DATABASE_URL")[part] == is_


@pytest.mark.parametrize(
    "value", ["", "redis://redis", "rediss://user:a@b@redis:6379/0", "unix:///run/redis.sock?db=1"]
)
def test_an_address_of_redis_stays_as_it_is(monkeypatch, value):
    monkeypatch.setenv("REDIS_URL", value)
    assert env.redis("REDIS_URL") == value


def test_a_password_that_was_cut_is_told_in_one_sentence_and_not_in_the_log(tmp_path):
    done = manage(tmp_path, "env", EMAIL_URL="smtp+tls://me@example.org:canary/one@mail.example:587")
    expect_one_sentence(done, "EMAIL_URL", "percent-encoded")
    assert "canary" not in done.stderr


@pytest.mark.parametrize("command", ["env", "check", "serve"])
def test_a_file_that_is_not_there_is_told_in_one_sentence_with_its_variable(tmp_path, command):
    gone = str(tmp_path / "gone")
    expect_one_sentence(manage(tmp_path, command, LOG_KEY_SEED_FILE=gone), "LOG_KEY_SEED_FILE", gone, "No such file")


def test_a_file_that_is_no_text_is_told_without_showing_it(tmp_path):
    (tmp_path / "binary").write_bytes(b"canary\xff")
    done = manage(tmp_path, "env", EMAIL_URL_FILE=str(tmp_path / "binary"))
    expect_one_sentence(done, "EMAIL_URL_FILE", "holds no text")
    assert "canary" not in done.stderr


@pytest.fixture
def fallbacks(monkeypatch, tmp_path):
    """Reads the fallbacks anew, with a file that is not there named for them, and a data folder of their own."""
    file = tmp_path / "beside" / "SECRET_KEY_FALLBACKS"
    file.parent.mkdir()
    monkeypatch.delenv("SECRET_KEY_FALLBACKS", raising=False)
    monkeypatch.setenv("SECRET_KEY_FALLBACKS_FILE", str(file))
    monkeypatch.setenv("DATA_DIR", str(tmp_path))

    def read():
        monkeypatch.setattr(env._env, "ENVIRON", FileAwareMapping())
        return env.optional_secrets("SECRET_KEY_FALLBACKS")

    return file, read


def test_the_file_of_older_keys_is_read_when_it_is_there(fallbacks):
    file, read = fallbacks
    assert read() == []
    assert env.effective()["SECRET_KEY_FALLBACKS"] == ("(not set)", str(file))
    file.write_text("one, another\n")
    assert read() == ["one", "another"]
    assert env.effective()["SECRET_KEY_FALLBACKS"] == ("(set)", str(file))


def test_without_the_file_older_keys_of_the_environment_are_read_as_before(fallbacks, monkeypatch):
    _file, read = fallbacks
    monkeypatch.setenv("SECRET_KEY_FALLBACKS", "one,another")
    assert read() == ["one", "another"]
    assert env.effective()["SECRET_KEY_FALLBACKS"] == ("(set)", "environment")


def test_older_keys_also_lie_beside_the_secret_key_in_the_data_folder(fallbacks, monkeypatch, tmp_path):
    _file, read = fallbacks
    monkeypatch.delenv("SECRET_KEY_FALLBACKS_FILE")
    assert read() == []
    make_secrets(tmp_path)
    (tmp_path / "secrets" / "SECRET_KEY_FALLBACKS").write_text("one")
    assert read() == ["one"]


def test_a_key_for_backups_is_made_where_there_is_no_installation(tmp_path):
    data, key = tmp_path / "data", tmp_path / "backup.key"
    done = manage(data, "backup", "--make-key", str(key), secrets=False, SECRET_KEY_FILE=str(tmp_path / "gone"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("llave-backup-public:")
    assert key.read_text().startswith("llave-backup-private:")
    (tmp_path / "cut").write_bytes(b"LLAVE-BACKUP-1\n")
    done = manage(data, "verify_backup", str(tmp_path / "cut"), "--key", str(key), secrets=False)
    assert done.returncode == 3
    assert "BAD_ARCHIVE" in done.stderr
    assert not data.exists()


@pytest.mark.parametrize("words", [["backup", "archive"], ["restore", "archive", "--key", "key"], ["env"]])
def test_whatever_else_is_asked_for_needs_the_secrets(tmp_path, words):
    expect_one_sentence(manage(tmp_path, *words, secrets=False), "SECRET_KEY is not set")
