"""Every command of the guides is run here, or named with the reason why it cannot be and what runs it instead."""

import asyncio
import base64
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest

from reference.client import Client
from tests.guides import Command, blocks, commands, joined, the_one
from tests.server import BASE, running_server
from tests.sources import ROOT

# Cannot run here: what it looks like, why, and what looks at it instead.
NOT_HERE = {
    r"docker |docker$|printf .* \| docker ": ("needs a container engine", "bin/check-compose"),
    r"((printf|head) .* \| )?kubectl ": ("needs a cluster", "bin/check-kubernetes"),
    r"helm ": ("needs a cluster, and charts from the net", "docs/kubernetes.md"),
    r"(for \w+ in .*; do )?aws |eksctl |curl -O https://truststore": ("needs an account at AWS", "docs/aws.md"),
    r"(install|certbot) .*/etc/": ("writes into /etc of the machine, for a name of one's own", "docs/self-hosting.md"),
    r"git pull$": ("would change this very repository", "tests/test_upgrade.py"),
    r"echo 'BACKUP_PUBLIC_KEY=.*>> docker/\.env": ("would change this very repository", "tests/test_guides.py"),
    r"llave serve$": ("listens on every address", "tests/server.py"),
    r"bin/run$": ("makes an environment of its own", "tests/test_run.py"),
    r"bin/test( |$)": ("runs this very test", "bin/test"),
    r"\.venv/bin/python -m reference ": ("needs the people of its example", "tests/test_reference_command.py"),
}
# Lines of blocks that are no commands: what stands in a file, or a picture of folders.
NO_COMMAND = (r"[A-Z_]+=\S", r"CREATE ROLE ", r"kubernetes/\w+", r"restore \(before databases", r"- \{seriesQuery")
INSIDE = re.compile(r"docker compose .* exec (?:--no-TTY )?web (llave .*)|kubectl .* exec deploy/web -- (llave .*)")
GIVEN = {"NAME...": "alice", "HASH": "ab" * 32, "KEY": "backup.key"}
# Files of the table's commands: one is written, the others read what the guide's own lines wrote.
FILES = {"llave manage backup FILE": "again.backup"}
NOT_IN_ONE_PROCESS = re.compile(r"llave (manage restore|daily|migrate)|bin/|chmod |umask ")


def reason(command: Command) -> str | None:
    return next((why for pattern, (why, _) in NOT_HERE.items() if re.match(pattern, command.text)), None)


def is_command(command: Command) -> bool:
    return not any(re.match(pattern, command.text) for pattern in NO_COMMAND)


def to_run() -> list[str]:
    """What this test runs, in the order of the guides; what docker or kubectl would run inside the image as well."""
    found = []
    for command in filter(is_command, commands()):
        inside = INSIDE.match(command.text)
        if inside:
            found.append(inside[1] or inside[2])
        elif reason(command) is None:
            found.append(command.text)
    return list(dict.fromkeys(found))


def test_a_command_is_run_or_says_why_not():
    ours = re.compile(r"llave manage |llave daily|llave migrate|bin/probe |chmod a\+r llave\.backup$|umask 077$")
    assert [command for command in to_run() if not ours.match(command)] == []
    assert len(to_run()) > 15


@pytest.mark.parametrize("pattern", [*NOT_HERE, *NO_COMMAND])
def test_an_exception_is_still_needed(pattern):
    assert any(re.match(pattern, command.text) for command in commands())


@pytest.mark.parametrize(("pattern", "instead"), [(pattern, instead) for pattern, (_, instead) in NOT_HERE.items()])
def test_what_runs_it_instead_is_there(pattern, instead):
    assert (ROOT / instead).is_file()


TAKERS = ("bin/check-compose", "tests/deploy/compose.sh", "bin/check-kubernetes", "tests/deploy/cluster.sh")
# Of those that need an engine or a cluster: what a check does instead, or why none does.
NOT_TAKEN = {
    r"docker (compose .* )?build": "the checks build with the builder's own secrets (docker/checks.sh)",
    r"docker compose .* logs web$": "only shows something",
    r"docker compose .* --profile (mail|metrics) up ": "their images are not everywhere: started one by one",
    r"kubectl -n llave port-forward ": "the check keeps one running",
    r"kubectl -n llave create secret generic ": "for stores outside of the cluster",
    r"kubectl delete -k ": "the check deletes the namespace",
}


def taken():
    """Words by which the checks take commands of the guides, each once."""
    texts = [(ROOT / file).read_text() for file in TAKERS]
    return set(re.findall(r"\bguide \"([^\"]+)\"", "\n".join(texts)))


def test_what_the_checks_take_from_the_guides_is_there_once():
    found = [the_one(words) for words in taken()]
    assert len(found) > 30
    assert len(set(found)) == len(found)
    writers = {command.text for command in commands() if command.text.endswith("/secrets/EMAIL_URL'")}
    assert len(writers) == 2
    assert writers <= set(found)


def left_out() -> list[str]:
    """Commands for an engine or a cluster that no check takes."""
    found = {the_one(words) for words in taken()}
    places = [f"docs/{name}.md" for name in ("self-hosting", "operations", "kubernetes")]
    checked = ("bin/check-compose", "bin/check-kubernetes")
    wanted = [pattern for pattern, (_, instead) in NOT_HERE.items() if instead in checked]
    return [
        command.text
        for command in commands()
        if command.file in places
        and any(re.match(pattern, command.text) for pattern in wanted)
        and not INSIDE.match(command.text)
        and command.text not in found
    ]


def test_a_command_for_an_engine_is_typed_by_a_check_or_says_why_not():
    assert [text for text in left_out() if not any(re.match(pattern, text) for pattern in NOT_TAKEN)] == []


@pytest.mark.parametrize("pattern", NOT_TAKEN)
def test_a_reason_not_to_type_a_command_is_still_needed(pattern):
    assert any(re.match(pattern, text) for text in left_out())


def test_words_that_several_commands_hold_name_none_of_them():
    with pytest.raises(ValueError):
        the_one("docker compose")


def test_words_that_are_a_command_name_it_though_others_hold_them():
    up = "docker compose -f docker/compose.yaml up --detach --wait"
    assert len([command for command in commands() if up in command.text]) > 1
    assert the_one(up) == up


def test_a_block_is_read_as_a_shell_reads_it():
    text = (
        "Do\n\n    one \\\n      --two     what it does\n    for x in a b; do\n      go $x\n    done\n\nnot\n    this\n"
    )
    assert [line for block in blocks(text) for line in joined(block)] == ["one --two", "for x in a b; do go $x done"]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """An installation that serves, with somebody in it and a second log key, and a folder to type commands in."""
    folder, seeds = tmp_path_factory.mktemp("guides"), [base64.urlsafe_b64encode(os.urandom(32)).decode() for _ in "ab"]
    with running_server(folder / "data", LOG_KEY_SEED=",".join(seeds)) as server:
        asyncio.run(sign_up(server.origin))
        (folder / "manage.py").symlink_to(BASE / "manage.py")
        tools = folder / "tools"
        tools.mkdir()
        write_tool(tools / "python", f'exec "{sys.executable}" "$@"')
        write_tool(tools / "llave", f'exec sh "{BASE}/docker/entrypoint.sh" "$@"')
        path = f"{tools}:{os.environ['PATH']}"
        yield server, folder, {**server.environment, "PATH": path, "PYTHONPATH": str(BASE)}


async def sign_up(origin):
    alice = await Client.sign_up(origin, "alice", "a long password of alice 4711")
    await alice.close()


def write_tool(path, line):
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def filled_in(text, origin):
    text = text.replace("https://chat.example", origin).replace("FILE", FILES.get(text, "llave.backup"))
    for word, value in GIVEN.items():
        text = re.sub(rf"(?<![\w-]){re.escape(word)}", value, text)
    return text


def test_the_guides_commands_work(scratch):
    server, folder, environment = scratch
    short = [text for text in to_run() if not NOT_IN_ONE_PROCESS.match(text)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.run_commands"], cwd=folder, env=with_backup_key(folder, environment), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with process:
        for text in short:
            line, _, target = filled_in(text, server.origin).partition(" > ")
            process.stdin.write(json.dumps(shlex.split(line)[2:]) + "\n")
            process.stdin.flush()
            done = json.loads(process.stdout.readline())
            assert done["status"] == 0, (text, done)
            if target:
                (folder / target).write_bytes(done["out"].encode("latin-1"))
        process.stdin.close()
    for text in filter(NOT_IN_ONE_PROCESS.match, to_run()):
        in_a_shell(filled_in(text, server.origin), server, folder, environment)


def with_backup_key(folder, environment):
    """The key comes first; its public half goes where the guide says, into a setting."""
    made = subprocess.run(
        ["llave", "manage", "backup", "--make-key", "backup.key"],
        cwd=folder, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {**environment, "BACKUP_PUBLIC_KEY": made.stdout.strip()}


def in_a_shell(text, server, folder, environment):
    where = BASE if text.startswith("bin/") else folder
    if " restore " in text:  # into an empty installation with the same secrets
        shutil.copytree(server.folder / "secrets", folder / "empty" / "secrets")
        environment = {**environment, "DATA_DIR": str(folder / "empty")}
    done = subprocess.run(
        ["sh", "-c", text], cwd=where, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, (text, done.stdout, done.stderr)
