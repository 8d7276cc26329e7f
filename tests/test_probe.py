"""The operator's two questions to a running server: is everything as it should be, and can two people write?"""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.server import BASE, Server, running_server
from tests.services import free_port
from tests.tlsfront import tls_front


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running_server(tmp_path_factory.mktemp("probe")) as running:
        yield running


def python(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    environment = {**kept, "DJANGO_SETTINGS_MODULE": "chatproject.settings", **settings}
    return subprocess.run(
        [sys.executable, *words], cwd=BASE, env=environment, capture_output=True, text=True, check=False
    )


def check_setup(folder: Path, *words: str, **settings: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    done = python("manage.py", "check_setup", "--json", *words, DATA_DIR=str(folder), **settings)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def codes(found: dict[str, list[dict[str, Any]]], part: str) -> set[str]:
    return {each["code"] for each in found[part]}


def test_a_server_that_is_well_is_found_well(server: Server) -> None:
    status, found = check_setup(server.folder, SITE_URL=server.origin)
    serious = [each for findings in found.values() for each in findings if each["serious"]]
    assert (status, serious) == (0, [])
    assert found["site"] == []
    assert codes(found, "mail") == {"MAIL_STAYS"}
    assert codes(found, "backups") == {"NO_BACKUP_KEY"}
    assert all(each["fix"] for findings in found.values() for each in findings)


def test_a_site_that_is_not_there_is_told(server: Server) -> None:
    status, found = check_setup(server.folder, SITE_URL=f"http://localhost:{free_port()}")
    assert (status, codes(found, "site")) == (3, {"SITE_GONE"})


def test_an_address_that_the_server_does_not_know_is_told(server: Server) -> None:
    other = server.origin.replace("127.0.0.1", "localhost")
    status, found = check_setup(server.folder, SITE_URL=other)
    assert (status, codes(found, "site")) == (3, {"SITE_REFUSES", "NO_SOCKETS"})


def test_stores_that_do_not_answer_are_told(server: Server) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    stores = {"DATABASE_URL": f"postgres://chat@{nobody}/chat", "REDIS_URL": f"redis://{nobody}/0"}
    status, found = check_setup(server.folder, "--no-site", EMAIL_URL=f"smtp://{nobody}", **stores)
    assert status == 3
    assert codes(found, "databases") == {"DATABASE_GONE"}
    assert codes(found, "counters") == {"CACHE_GONE"}
    assert codes(found, "bells") == {"BELLS_LOST"}
    assert codes(found, "mail") == {"MAIL_REFUSED"}


def test_a_secret_that_others_may_read_is_told(server: Server) -> None:
    path = server.folder / "secrets" / "SECRET_KEY"
    path.chmod(0o644)
    try:
        status, found = check_setup(server.folder, "--no-site")
    finally:
        path.chmod(0o600)
    assert (status, codes(found, "files")) == (3, {"NOT_PRIVATE"})
    assert path.read_text() not in json.dumps(found)


def test_two_people_write_to_each_other_and_are_switched_off(server: Server) -> None:
    done = python("-m", "reference.probe", server.origin)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr.count("delivered in") == 2
    names = done.stdout.split("account_disable ")[1].split()
    off = python("manage.py", "account_disable", *names, DATA_DIR=str(server.folder))
    assert (off.returncode, off.stdout) == (0, "2 off.\n")
    again = python("manage.py", "account_disable", names[0], "nobody-at-all", DATA_DIR=str(server.folder))
    assert (again.returncode, "NOT_FOUND" in again.stderr) == (1, True)


def assert_probed(folder: Path, **settings: str) -> None:
    """Both accounts are there, switched off, and the log holds their keys."""
    before = {name for name, _ in people(folder)}
    status, found = check_setup(folder, "--probe", **settings)
    assert (status, found["people"]) == (0, [])
    assert found["site"] == []
    made = [(name, active) for name, active in people(folder) if name not in before]
    assert [name[-2:] for name, _ in made] == ["-a", "-b"]
    assert not any(active for _, active in made)
    assert "The log is whole." in python("manage.py", "keylog_verify", "--quiet", DATA_DIR=str(folder)).stdout


def people(folder: Path) -> list[tuple[str, bool]]:
    code = "from accounts.models import User; print([list(u) for u in User.objects.values_list('name', 'is_active')])"
    shown = python("manage.py", "shell", "--no-imports", "-c", code, DATA_DIR=str(folder)).stdout
    return [tuple(each) for each in ast.literal_eval(shown)]


def test_check_setup_ends_with_two_people_who_write_to_each_other(server: Server) -> None:
    assert_probed(server.folder, SITE_URL=server.origin)


def test_the_same_through_a_proxy_with_tls(tmp_path: Path) -> None:
    port = free_port()
    site = {"SITE_URL": f"https://localhost:{port}", "TRUSTED_PROXY_COUNT": "1"}
    with running_server(tmp_path / "site", **site) as inside:
        inner = int(inside.origin.rpartition(":")[2])
        with tls_front(tmp_path, port, inner) as certificate:
            assert_probed(inside.folder, **site, SSL_CERT_FILE=str(certificate))


def test_a_probe_that_fails_names_the_step_and_leaves_nobody_active(server: Server) -> None:
    status, found = check_setup(server.folder, "--probe", SITE_URL=f"http://localhost:{free_port()}")
    assert (status, codes(found, "people")) == (3, {"PROBE_FAILED"})
    assert "sign up" in found["people"][0]["says"]


def test_a_closed_site_is_not_probed(server: Server) -> None:
    _, found = check_setup(server.folder, "--probe", SITE_URL=server.origin, REGISTRATION="closed")
    assert codes(found, "people") == {"PROBE_CLOSED"}


def test_a_probe_of_nothing_says_which_step_failed() -> None:
    done = python("-m", "reference.probe", f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 3
    assert done.stdout.startswith("PROBE_FAILED: sign up:")
