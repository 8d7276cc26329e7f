"""The image and the compose file, without a container engine: the linter, and what this project demands of them."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from docker import first_start
from tests.deploy import leaving
from tests.sources import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "docker/Dockerfile").read_text()
OURS = {name for name, service in SERVICES.items() if "llave" in service["image"]}


def named_in_example() -> set[str]:
    return set(re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def test_the_linter_has_nothing_to_say_about_the_dockerfile():
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "docker/Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_image_runs_without_root_and_answers_for_its_health():
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert "\nUSER 10001:10001\n" in last
    assert "\nHEALTHCHECK " in last
    assert 'ENTRYPOINT ["llave"]' in last
    assert "ARG PYTHON_IMAGE" in DOCKERFILE
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"${PYTHON_IMAGE}"}


def test_the_build_sees_only_what_is_let_in_by_name():
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert lines[0] == "*"
    assert all((ROOT / line[1:]).exists() for line in lines if line.startswith("!"))
    assert not {"!tests", "!data", "!.git", "!docker", "!reference", "!.env"} & set(lines)
    assert {"**/tests", "**/__pycache__"} <= set(lines)


def test_what_the_image_may_have_more_is_pinned_and_left_out_unless_asked_for():
    (install,) = [line for line in DOCKERFILE.splitlines() if "--require-hashes" in line]
    assert install.endswith('-r requirements/base.txt ${EXTRAS:+-r "requirements/$EXTRAS.txt"} \\')
    assert "\nARG EXTRAS=\n" in DOCKERFILE
    assert "!requirements/s3.txt" in (ROOT / ".dockerignore").read_text()
    assert "botocore" not in (ROOT / "requirements/base.txt").read_text()


@pytest.mark.parametrize("verb", ["serve", "migrate", "daily", "manage", "first-start"])
def test_the_entry_knows_its_verbs(verb):
    assert f"  {verb})" in (ROOT / "docker/entrypoint.sh").read_text()


def test_the_entry_refuses_what_it_does_not_know():
    done = subprocess.run(["sh", ROOT / "docker/entrypoint.sh", "dance"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "serve | migrate | daily | manage" in done.stderr


KEPT = 14
HOUR_SECONDS = 3600


class Nights:
    """The nightly job with a folder of archives, a clock and a program of its own; `fails`: the command that does."""

    def __init__(self, folder: Path) -> None:
        self.backups = folder / "backups"
        self.backups.mkdir()
        self._folder, self._tools = folder, folder / "tools"
        self._tools.mkdir()
        self._entry = folder / "entrypoint.sh"
        text = (ROOT / "docker/entrypoint.sh").read_text()
        assert "/backups" in text
        self._entry.write_text(text.replace("/backups", str(self.backups)))
        self._tool("python", f'echo "$2" >>{folder}/done; [ "$2" != "$FAILS" ] || exit 3; [ -z "$4" ] || echo x >"$4"')
        self._tool("date", 'echo "$NOW"')

    def run(self, now: str = "2026-02-01T031700Z", *, fails: str = "") -> int:
        path = f"{self._tools}:{os.environ['PATH']}"
        environment = {"PATH": path, "BACKUP_PUBLIC_KEY": "any", "NOW": now, "FAILS": fails}
        return subprocess.run(["sh", self._entry, "daily"], env=environment, check=False).returncode

    def done(self) -> list[str]:
        return (self._folder / "done").read_text().split()

    def put(self, name: str, content: str = "x", *, hours: int = 0) -> None:
        """A file that was written so many hours ago."""
        path, then = self.backups / name, time.time() - hours * HOUR_SECONDS
        path.write_text(content)
        os.utime(path, (then, then))

    def names(self) -> list[str]:
        return sorted(path.name for path in self.backups.iterdir())

    def _tool(self, name: str, line: str) -> None:
        (self._tools / name).write_text(f"#!/bin/sh\n{line}\n")
        (self._tools / name).chmod(0o755)


@pytest.fixture
def nights(tmp_path):
    return Nights(tmp_path)


def fifteen(nights: Nights) -> list[str]:
    names = [f"2026-01-{day:02}T031700Z.llave" for day in range(1, KEPT + 2)]
    for name in names:
        nights.put(name, hours=1000)
    return names


@pytest.mark.parametrize("fails", ["purge_expired", "keylog_verify", "backup"])
def test_a_nightly_job_that_fails_stops_no_other_and_is_told(nights, fails):
    assert nights.run(fails=fails) == 1
    assert nights.done() == ["purge_expired", "keylog_verify", "backup"]


def test_a_night_that_went_well_keeps_the_fourteen_newest_archives(nights):
    before = fifteen(nights)
    assert nights.run() == 0
    assert nights.names() == [*before[2:], "2026-02-01T031700Z.llave"]


@pytest.mark.parametrize("fails", ["purge_expired", "keylog_verify"])
def test_no_archive_goes_in_a_night_in_which_something_failed(nights, fails):
    before = fifteen(nights)
    assert nights.run(fails=fails) == 1
    assert nights.names() == [*before, "2026-02-01T031700Z.llave"]


def test_a_repeated_night_makes_no_second_archive_and_the_next_one_does(nights):
    times = [f"2026-02-01T03{minute}00Z" for minute in (17, 18, 19)]
    assert [nights.run(now, fails="keylog_verify") for now in times] == [1, 1, 1]
    assert nights.names() == [f"{times[0]}.llave"]
    assert nights.run("2026-02-02T031700Z") == 0
    assert nights.names() == [f"{times[0]}.llave", "2026-02-02T031700Z.llave"]


def test_an_empty_file_is_no_archive_of_the_day(nights):
    nights.put("2026-02-01T030000Z.llave", "")
    nights.run()
    assert nights.done()[-1] == "backup"


def test_what_killed_backups_left_goes_and_what_one_may_be_writing_stays(nights):
    nights.put("2026-01-30T031700Z.llave.part", hours=25)
    nights.put("2026-01-30T031700Z.llave", "", hours=25)
    nights.put("2026-01-31T031700Z.llave.part", hours=23)
    nights.put("2026-01-31T031700Z.llave", hours=1000)
    assert nights.run() == 0
    kept = ["2026-01-31T031700Z.llave", "2026-01-31T031700Z.llave.part", "2026-02-01T031700Z.llave"]
    assert nights.names() == kept


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_do_no_more_than_it_must(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service.get("user") != "0:0" or service["network_mode"] == "none"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_asked_for_its_health_or_says_why_not(name):
    assert SERVICES[name]["healthcheck"].get("test") or SERVICES[name]["healthcheck"] == {"disable": True}
    assert ("test" in SERVICES[name]["healthcheck"]) is (name not in {"first-start", "migrate"})


def test_a_replica_of_compose_has_the_time_to_say_goodbye():
    grace = SERVICES["web"]["stop_grace_period"]
    assert leaving.most_seconds() < float(grace.removesuffix("s"))


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_stands_in_the_environment_of_a_service(name):
    secret = re.compile(r"PASSWORD|SECRET|KEY|SEED|_URL$")
    given = {key for key in SERVICES[name].get("environment", {}) if secret.search(key) and not key.endswith("_FILE")}
    assert given <= {"SITE_URL"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_setting_of_compose_is_one_of_the_example(name):
    given = {key.removesuffix("_FILE") for key in SERVICES[name]["environment"]}
    assert given <= named_in_example()


def test_every_setting_of_the_code_is_in_the_example():
    text = "".join((ROOT / "chatproject" / name).read_text() for name in ("settings.py", "env.py"))
    read = set(re.findall(r"""env\.\w+\(\s*"([A-Z_]+)\"""", text)) | {"DATA_DIR", "EMAIL_URL"}
    assert read == named_in_example()


def test_every_variable_of_compose_is_explained():
    asked = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker/compose.yaml").read_text()))
    guide = (ROOT / "docs/self-hosting.md").read_text()
    assert {name for name in asked if f"`{name}`" not in guide} == set()


def test_the_messages_have_a_server_a_password_and_a_network_of_their_own():
    accounts, messages = SERVICES["accounts-db"], SERVICES["messages-db"]
    assert accounts["image"] == messages["image"]
    for part in ("environment", "volumes", "networks"):
        assert accounts[part] != messages[part]
    assert not set(accounts["volumes"]) & set(messages["volumes"])
    assert not set(accounts["networks"]) & set(messages["networks"])


def test_stores_have_no_way_out_and_the_proxy_none_to_them():
    for name in ("accounts", "messages", "bells"):
        assert COMPOSE["networks"][name] == {"internal": True}
    assert SERVICES["proxy"]["networks"] == ["front"]
    assert COMPOSE["networks"]["metrics"] == {"internal": True}
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"proxy", "grafana", "mail"}


@pytest.mark.parametrize("name", ["grafana", "mail"])
def test_what_is_there_for_the_operator_starts_when_asked_and_shows_itself_to_this_machine(name):
    assert SERVICES[name]["profiles"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name]["ports"])
    assert not set(SERVICES[name]["networks"]) & {"accounts", "messages", "bells"}


def test_each_volume_is_used_and_declared():
    used = {
        mount.split(":")[0]
        for service in SERVICES.values()
        for mount in service.get("volumes", [])
        if not mount.startswith((".", "$"))
    }
    assert used | {"tls"} == set(COMPOSE["volumes"])


# --- the first start -------------------------------------------------------------------------------------------------


def files_below(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_the_first_start_makes_everything_once(tmp_path):
    made = first_start.into_folders(tmp_path, "chat.example")
    before = files_below(tmp_path)
    assert set(made) == set(before)
    assert first_start.into_folders(tmp_path, "other.example") == []
    assert files_below(tmp_path) == before


def test_the_stores_get_the_passwords_that_stand_in_the_addresses(tmp_path):
    first_start.into_folders(tmp_path, "chat.example")
    web = tmp_path / "web"
    for store, name in (("accounts-db", "DATABASE_URL"), ("messages-db", "MESSAGES_DATABASE_URL")):
        password = (tmp_path / store / "password").read_text()
        assert f":{password}@{store}:5432/" in (web / name).read_text()
    password = (tmp_path / "redis/password.conf").read_text().split()[1]
    assert f":{password}@redis:6379" in (web / "REDIS_URL").read_text()
    assert len({path.read_text() for path in tmp_path.rglob("*") if path.is_file()}) == len(files_below(tmp_path))


def test_a_lost_password_comes_back_from_the_address(tmp_path):
    first_start.into_folders(tmp_path, "chat.example")
    before = files_below(tmp_path)
    (tmp_path / "messages-db/password").unlink()
    assert first_start.into_folders(tmp_path, "chat.example") == ["messages-db/password"]
    assert files_below(tmp_path) == before


def test_the_first_start_shows_no_secret(tmp_path, capsys):
    assert first_start.main(["folders", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "web/SECRET_KEY" in printed
    assert not [value for value in files_below(tmp_path).values() if value and value.strip() in printed]
