"""`verify-assets` looks at a live site from outside: what it serves is what its log names, or it says what is not."""

import shutil
import subprocess
import sys

import pytest

from reference import assets
from reference.web import Web
from tests.server import BASE, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running_server(tmp_path_factory.mktemp("assets")) as running:
        yield running


class Meddling(Web):
    """A server that changes what stands at some places: path -> what becomes of body and headers."""

    def __init__(self, origin, changes):
        super().__init__(origin)
        self.changes = changes

    def fetch(self, path):
        body, headers = super().fetch(path)
        change = next((change for start, change in self.changes.items() if path.startswith(start)), None)
        return change(body, headers) if change else (body, headers)

    def get(self, path, **query):
        answer = super().get(path, **query)
        return self.changes[path](answer) if path in self.changes else answer


def findings(server, log_key=None, **changes):
    return {one.what for one in assets.verify_assets(Meddling(server.origin, changes), log_key=log_key)[1]}


def body_changed(change):
    return lambda body, headers: (change(body), headers)


def test_an_honest_site_passes_from_the_command_line(server, tmp_path):
    key = tmp_path / "log-key"
    key.write_bytes(Web(server.origin).fetch("/log/key")[0])
    command = [sys.executable, "-m", "reference", "verify-assets", server.origin, "--log-key", str(key)]
    done = subprocess.run(command, cwd=BASE, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.splitlines()[0][:6], done.stderr) == (0, "build ", "")
    assert len(done.stdout.splitlines()) == 1


def test_a_changed_module_on_the_disk_is_found(server):
    module = next(server.folder.glob("static/js/main.*.js"))
    backup = server.folder / "main.backup"
    shutil.copy(module, backup)
    try:
        module.write_bytes(module.read_bytes() + b"\n")
        assert findings(server) in (set(), {"another file than the import map names"})
        changed = {"/static/js/main": body_changed(lambda body: body + b"\n")}
        assert findings(server, **changed) == {"another file than the import map names"}
    finally:
        shutil.copy(backup, module)


def test_a_program_that_was_never_logged_is_found(server):
    def other_map(body, headers):
        text = body.replace(b'{"imports":{', b'{"imports":{"/static/js/evil.js":"/static/js/main.js",')
        return text, headers

    found = findings(server, **{"/login/": other_map})
    assert {"this program is not in the log", "the policy allows other scripts than this import map"} <= found


def test_a_script_beside_the_map_is_found(server):
    changed = {"/login/": body_changed(lambda body: body + b'<script src="/static/js/other.js"></script>')}
    assert findings(server, **changed) == {"a script that the import map does not name"}


def test_a_wider_policy_is_found(server):
    def wider(body, headers):
        policy = headers["Content-Security-Policy"].replace("script-src", "script-src 'unsafe-inline'")
        del headers["Content-Security-Policy"]
        headers["Content-Security-Policy"] = policy
        return body, headers

    assert findings(server, **{"/login/": wider}) == {"the policy allows other scripts than this import map"}


def test_another_log_key_is_found(server):
    line = Web(server.origin).fetch("/log/key")[0].decode()
    other = line.replace(line.split("+")[1], "00000000")
    assert "another log key than the one you gave" in findings(server, log_key=other)


def test_a_tree_that_its_head_does_not_cover_is_found(server):
    fewer = {"/log/hashes": lambda answer: {"hashes": answer["hashes"][:-1], "size": answer["size"] - 1}}
    assert findings(server, **fewer) == {
        "another tree than the leaves give",
        "this program is not in the log",
    }


def test_a_checkpoint_that_was_touched_is_found(server):
    changed = {"/log/checkpoint": body_changed(lambda body: body.replace(b"/log\n1\n", b"/log\n2\n"))}
    assert findings(server, **changed) == {"not signed with the log's key"}
