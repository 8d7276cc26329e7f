"""The shell parts of the checks that need an engine or a cluster, without either: what they type, what they tell."""

import os
import subprocess

import pytest

from tests.guides import the_one
from tests.sources import ROOT

SOURCE = {"compose": "source tests/deploy/compose.sh", "cluster": "source tests/deploy/cluster.sh"}


def shell(script, folder, *words, **more):
    """Of the parts: run in the repository, with `folder` as the check's scratch."""
    settings = {"COMPOSE_PROJECT_NAME": "check-1", "LLAVE_IMAGE": "llave:check", "scratch": str(folder), **more}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script, "-", *words],
        cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def as_here(where, text, folder, **more):
    done = shell(f'{SOURCE[where]}; as_here "$1"', folder, text, **more)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        (
            "up --detach --wait accounts-db",
            f"docker compose -f {ROOT}/docker/compose.yaml up --detach --wait accounts-",
        ),
        (
            "nginx -e stderr",
            f"docker compose -f {ROOT}/docker/compose.yaml exec --no-TTY proxy nginx -e stderr -c /etc/",
        ),
        ("docker volume rm", "docker volume rm check-1_accounts-db check-1_messages-db check-1_data"),
        (
            "tar -C /secrets",
            " --volume check-1_web-secrets:/secrets --entrypoint sh first-start -c 'tar -C /secrets -xf",
        ),
        (
            "local manage verify_backup",
            ' --volume "$PWD:/keys:ro" llave:check manage verify_backup /keys/llave.backup --key /keys/',
        ),
    ],
)
def test_a_command_of_the_guides_is_typed_for_the_project_of_the_check(tmp_path, words, typed):
    assert typed in as_here("compose", the_one(words), tmp_path)


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        ("kubectl apply -k kubernetes/overlays/local", "kubectl apply -f /somewhere/next.yaml"),
        ("kubectl apply -f kubernetes/base", f"kubectl apply -f {ROOT}/kubernetes/base/namespace.yaml"),
        ("kubectl -n llave rollout restart deployment/web", "kubectl -n llave rollout restart deployment/web"),
    ],
)
def test_a_command_of_the_guides_is_typed_for_the_manifests_of_the_check(tmp_path, words, typed):
    assert as_here("cluster", the_one(words), tmp_path, manifests="/somewhere/next.yaml") == typed


@pytest.mark.parametrize(
    ("where", "words", "typed"),
    [
        (
            "compose",
            "web llave manage backup -",
            "exec --no-TTY --env BACKUP_PUBLIC_KEY=public:1 web llave manage backup -",
        ),
        (
            "cluster",
            "deploy/web -- llave manage backup",
            "-- env BACKUP_PUBLIC_KEY=public:1 llave manage backup - > llave",
        ),
    ],
)
def test_a_backup_is_made_for_the_key_of_the_check(tmp_path, where, words, typed):
    (tmp_path / "backup.pub").write_text("public:1\n")
    assert typed in as_here(where, the_one(words), tmp_path)


def test_what_is_typed_from_the_guides_happens_in_the_scratch_folder(tmp_path):
    (tmp_path / "llave.backup").touch(0o600)
    assert shell(f'{SOURCE["compose"]}; guide "chmod a+r llave.backup"', tmp_path).returncode == 0
    assert (tmp_path / "llave.backup").stat().st_mode & 0o444 == 0o444


def test_a_command_of_the_guides_that_fails_is_shown_with_what_it_said(tmp_path):
    done = shell(f'{SOURCE["compose"]}; guide "chmod a+r llave.backup"', tmp_path)
    assert done.returncode != 0
    assert "chmod a+r llave.backup" in done.stderr
    assert "No such file" in done.stderr


def test_words_that_are_no_command_of_the_guides_are_an_error(tmp_path):
    assert shell(f'{SOURCE["compose"]}; guide "dance"', tmp_path).returncode != 0


def holds(folder, command):
    settings = f"source bin/common.sh; source docker/checks.sh; scratch={folder}"
    return shell(f"{settings}; holds 'all is well' {command}", folder)


def test_what_does_not_hold_is_told_with_what_the_command_said(tmp_path):
    done = holds(tmp_path, "sh -c 'echo on one line; echo on another >&2; exit 1'")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "on one line\non another\nIt does not hold: all is well.\n"


def test_what_holds_is_told_in_a_line(tmp_path):
    done = holds(tmp_path, "echo much")
    assert (done.returncode, done.stdout, done.stderr) == (0, "holds: all is well\n", "")


ERRORS = (
    "2026-01-01T00:00:00.000+00:00 ERROR conversations bell failed",
    '{"time": "2026", "level": "ERROR", "logger": "django.request", "message": "Service Unavailable: /api/me/"}',
    '{"time": "2026", "level": "CRITICAL", "logger": "x", "message": "y"}',
    "Traceback (most recent call last):",
)
NO_ERRORS = (
    "2026-01-01T00:00:00.000+00:00 WARNING django.request Not Found: /ERROR",
    "2026-01-01T00:00:00.000+00:00 ERROR django.request Service Unavailable: /readyz",
    '{"time": "2026", "level": "ERROR", "logger": "django.request", "message": "Service Unavailable: /readyz"}',
)


def test_an_error_in_a_log_is_found_and_one_that_is_not_ready_yet_is_none(tmp_path):
    (tmp_path / "log").write_text("".join(f"{line}\n" for line in [*NO_ERRORS, *ERRORS]))
    done = shell(f'{SOURCE["cluster"]}; errors_in <"$scratch/log"', tmp_path)
    assert done.stdout.splitlines() == list(ERRORS)


def test_no_error_in_a_log_is_told_by_the_status(tmp_path):
    (tmp_path / "log").write_text("".join(f"{line}\n" for line in NO_ERRORS))
    assert shell(f'{SOURCE["cluster"]}; errors_in <"$scratch/log"', tmp_path).returncode == 1


def test_the_last_words_of_what_is_replaced_are_kept(tmp_path):
    """The part that keeps a log has ended long before."""
    told = tmp_path / "told"
    os.mkfifo(told)
    assert shell(f'{SOURCE["cluster"]}; keep_log cat "$1"', tmp_path, str(told)).returncode == 0
    told.write_text("before\nlast words\n")
    (kept,) = (tmp_path / "logs").iterdir()
    subprocess.run(["timeout", "30", "sh", "-c", 'until grep -q last "$1"; do sleep 0.05; done', "-", kept], check=True)
    assert kept.read_text() == "before\nlast words\n"
