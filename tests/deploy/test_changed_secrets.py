"""Secrets that the first start made are changed by the guides' own commands, as compose runs them: by root without a
capability, who cannot write over a file that nobody may write.
"""

import base64
import json
import os
import re
import shlex
import subprocess

import pytest
import yaml
from django.core.signing import BadSignature, Signer
from environ.fileaware_mapping import FileAwareMapping

from chatproject import env
from chatproject.tests.test_safety import fresh_settings
from docker import first_start
from tests.deploy.manifests import OVERLAYS, render
from tests.guides import the_one
from tests.sources import ROOT

WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
OPTIONAL = "SECRET_KEY_FALLBACKS"
NEW, SWAP, FORGET = f"/secrets/.new /secrets/{OPTIONAL}", f"mv -f {OPTIONAL} SECRET_KEY", f"rm -f /secrets/{OPTIONAL}"


@pytest.fixture
def secrets(tmp_path):
    """What the web replicas of compose mount."""
    first_start.into_folders(tmp_path, "chat.example")
    return tmp_path / "web"


def typed(words, folder, given=""):
    """The command of the guides that holds these words, from where it is inside the container."""
    parts = shlex.split(the_one(words))
    return run(parts[parts.index("first-start") + 2].replace("/secrets", str(folder)), given)


def run(script, given=""):
    command = [*WITHOUT_RIGHTS, "sh", "-euc", script]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=30)


def expect_done(done):
    assert (done.returncode, done.stderr) == (0, "")


def test_what_the_first_start_made_cannot_be_written_over(secrets):
    done = run(f"cat > {secrets}/EMAIL_URL", "smtp://mail:1025")
    assert done.returncode != 0
    assert "ermission denied" in done.stderr


@pytest.mark.parametrize("words", ["printf %s 'smtp+tls://", "printf %s 'smtp://"])
def test_the_address_of_the_mail_server_can_be_told_after_the_first_start_and_again(secrets, words):
    before = {path.name for path in secrets.iterdir()}
    for given in ("smtp://mail:1025", "smtp://other:1025"):
        expect_done(typed(words, secrets, given))
        assert (secrets / "EMAIL_URL").read_text() == given
    assert (secrets / "EMAIL_URL").stat().st_mode & 0o444 == 0o444
    assert {path.name for path in secrets.iterdir()} == before


def files_named(settings):
    return {name: value for name, value in settings.items() if name.endswith("_FILE")}


def files_of_compose():
    compose = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())
    return files_named(compose["services"]["web"]["environment"])


@pytest.fixture
def signer(secrets, monkeypatch):
    """Loads the settings anew as a process of compose would, and signs as it does."""

    def load():
        monkeypatch.setattr(env._env, "ENVIRON", FileAwareMapping())
        named = {name: value.replace("/run/llave", str(secrets)) for name, value in files_of_compose().items()}
        fresh = fresh_settings(monkeypatch, **named)
        return Signer(key=fresh["SECRET_KEY"], fallback_keys=fresh["SECRET_KEY_FALLBACKS"])

    return load


def test_without_a_file_of_older_keys_all_is_as_before(secrets, signer):
    assert not (secrets / OPTIONAL).exists()
    assert signer().fallback_keys == []
    assert signer().key == (secrets / "SECRET_KEY").read_text()


def test_another_secret_key_is_signed_with_when_every_process_accepts_it(secrets, signer):
    old = signer()
    expect_done(typed(NEW, secrets))
    known = signer()
    expect_done(typed(SWAP, secrets))
    new = signer()
    assert old.key == known.key != new.key
    assert len(new.key) == 64
    assert "," not in new.key
    assert new.unsign(old.sign("a login")) == known.unsign(new.sign("a login")) == "a login"
    with pytest.raises(BadSignature):
        old.unsign(new.sign("a login"))
    expect_done(typed(FORGET, secrets))
    last = signer()
    assert (last.key, last.fallback_keys) == (new.key, [])
    with pytest.raises(BadSignature):
        last.unsign(old.sign("a login"))


def test_the_cluster_is_given_a_key_in_the_same_form(tmp_path):
    fake = tmp_path / "kubectl"
    fake.write_text("#!/bin/sh\ncat\n")
    fake.chmod(0o755)
    command = the_one(f'{{"{OPTIONAL}":"&"}}')
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    patch = json.loads(subprocess.run(["sh", "-c", command], env=environment, capture_output=True, check=True).stdout)
    key = base64.b64decode(patch["data"][OPTIONAL]).decode()
    assert re.fullmatch(r"[\w-]{64}", key)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_cluster_reads_the_same_files_as_compose(overlay):
    (given,) = [one["data"] for one in render(f"overlays/{overlay}") if one["metadata"]["name"].startswith("settings-")]
    assert files_named(given) == files_of_compose()


def test_the_guide_names_every_key_that_a_secret_made_by_hand_must_hold():
    guide = (ROOT / "docs/kubernetes.md").read_text()
    section = guide.partition("\n### Stores outside\n")[2].partition("\n## ")[0]
    needed = {name.removesuffix("_FILE") for name in files_of_compose()} - {OPTIONAL}
    assert set(re.findall(r"`([A-Z_]+)`", section)) == needed
    assert needed == set(first_start.wanted(lambda reader, name: None, "chat.example")["web"])
