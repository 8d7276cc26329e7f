"""The list of settings: all of them, with their source, and never a secret."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from chatproject import env
from chatproject.first_secrets import BYTES, make_secrets
from tests.sources import ROOT
from tests.test_architecture import settings_read

CANARIES = {
    "SECRET_KEY": "canary-of-the-secret-key-0123456789-0123456789-0123456789",
    "SECRET_KEY_FALLBACKS": "canary-of-an-older-key",
    "DATABASE_URL": "postgres://accounts:canary-of-a-password@db:5432/accounts",
    "REDIS_URL": "redis://:canary-of-redis@redis:6379/0",
    "EMAIL_URL": "smtp+tls://me:canary-of-mail@mail.example:587",
}


def listed(tmp_path: Any, *words: str) -> str:
    make_secrets(tmp_path)
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    environment = {**kept, **CANARIES, "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "chatproject.settings"}
    command = [sys.executable, "manage.py", "env", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


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
