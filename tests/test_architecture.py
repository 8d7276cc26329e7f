"""Holds docs/architecture.md: which part may import which, and what is said in only one place.

Each rule carries a snippet that breaks it, so that a rule that can no longer fail is found.
"""

import ast
import fnmatch
import re
from dataclasses import dataclass

import pytest

from tests import sources

# --- directions ------------------------------------------------------------------------------------------------------

LEAVES = ("chatproject.lib", "chatproject.env")
ARROWS = {  # a Python part: what of ours it may import besides itself
    "chatproject/lib": ("chatproject.env",),
    "chatproject/env.py": (),
    "chatproject/urls.py": ("accounts", "keys", "conversations", "chatproject"),
    "chatproject/asgi.py": ("accounts", "keys", "conversations", "chatproject"),
    "chatproject": ("chatproject",),
    "accounts": LEAVES,
    "keys": ("accounts", *LEAVES),
    "conversations": ("keys", "accounts", *LEAVES),
    "reference": (),
}
OURS = ("accounts", "keys", "conversations", "chatproject", "reference", "tests")

PAGE_ARROWS = {  # a folder of static/js: the folders it may import besides itself
    "lib": (),
    "crypto": ("lib",),
    "transport": ("lib",),
    "store": ("lib",),
    "chat": ("crypto", "transport", "store", "lib"),
    "ui": ("chat", "lib"),
    "pages": ("ui", "lib"),
    "main.js": ("crypto", "transport", "store", "chat", "ui", "pages", "lib"),
}


def part_of(path: str) -> str:
    return max((part for part in ARROWS if path == part or path.startswith(f"{part}/")), key=len)


def forbidden_imports(path: str, text: str) -> set[str]:
    """Imports of our own modules against the arrows; the page's modules are told by their suffix."""
    if path.endswith(".js"):
        return _forbidden_in_page(path, text)
    part = part_of(path)
    itself = part.removesuffix(".py").replace("/", ".")
    allowed = (itself, *ARROWS[part])
    ours = {name for name in sources.python_imports(path, text) if name.split(".")[0] in OURS}
    return {name for name in ours if not any(name == one or name.startswith(f"{one}.") for one in allowed)}


def _forbidden_in_page(path: str, text: str) -> set[str]:
    part = path.split("/")[2]
    allowed = (part, *PAGE_ARROWS.get(part, ()))
    inside = tuple(f"static/js/{name}" for name in allowed)
    return {
        name
        for name in sources.javascript_imports(path, text)
        if not f"{name}/".startswith(tuple(f"{one}/" for one in inside))
    }


PYTHON = sources.python_files(*sources.SERVER, "reference")
MODULES = sources.javascript_files()


@pytest.mark.parametrize("path", [*PYTHON, *MODULES])
def test_imports_follow_the_arrows(path):
    assert forbidden_imports(path, sources.read(path)) == set()


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("accounts/models/user.py", "from keys.models import Device"),
        ("accounts/services/login.py", "import conversations.services"),
        ("keys/services.py", "from conversations import models"),
        ("keys/services.py", "from chatproject.middleware import SecurityHeaders"),
        ("conversations/services.py", "from reference.wire import hello"),
        ("chatproject/lib/api.py", "from accounts.models import User"),
        ("chatproject/env.py", "from chatproject.lib import api"),
        ("chatproject/health.py", "from accounts.models import User"),
        ("reference/log.py", "from keys.log import root"),
        ("static/js/crypto/chain.js", 'import { open } from "../store/database.js";'),
        ("static/js/store/mail.js", 'import { seal } from "../crypto/envelope.js";'),
        ("static/js/transport/socket.js", 'export { h } from "../crypto/primitives.js";'),
        ("static/js/chat/outbox.js", 'const ui = await import("../ui/toast.js");'),
        ("static/js/ui/chat-app.js", 'import "../crypto/primitives.js";'),
        ("static/js/lib/bytes.js", 'import { x } from "../crypto/labels.js";'),
        ("static/js/lib/bytes.js", 'import { x } from "somewhere";'),
    ],
)
def test_an_import_against_the_arrows_is_found(path, line):
    assert forbidden_imports(path, line)


def test_a_commented_import_counts_for_nothing():
    assert not forbidden_imports("static/js/lib/bytes.js", '// import { x } from "../crypto/labels.js";')


# --- the only place --------------------------------------------------------------------------------------------------

SERVER_FILES = sources.python_files(*sources.SERVER)
TEMPLATES = [path for path in sources.project_files(".html") if path.split("/")[0] != "tests"]
TESTS = [path for path in sources.project_files(".py") if "tests" in path.split("/")]
SERVICES = (
    "*/services.py",
    "*/services/*.py",
    "*/throttles.py",
    "*/retention.py",
    "conversations/ledger.py",
    "*/management/commands/*.py",
)


@dataclass(frozen=True)
class OnlyPlace:
    """`pattern` may stand in the code (not in comments) of `places` alone; `breach` is a line that breaks the rule."""

    claim: str
    files: list[str]
    pattern: str
    places: tuple[str, ...]
    breach: tuple[str, str]

    def findings(self, path: str, text: str) -> list[str]:
        if any(fnmatch.fnmatch(path, place) for place in self.places):
            return []
        lines = sources.code(path, text).splitlines()
        return [f"{path}:{number}: {line.strip()}" for number, line in enumerate(lines, 1) if self._says(line)]

    def _says(self, line: str) -> bool:
        return re.search(self.pattern, line) is not None


RULES = [
    OnlyPlace(
        "the environment is read in env.py",
        SERVER_FILES,
        r"\bos\.(environ|getenv)\b|\bfrom os import .*\b(environ|getenv)\b",
        ("chatproject/env.py",),
        ("accounts/apps.py", "key = os.environ['KEY']"),
    ),
    OnlyPlace(
        "the channel layer is used in delivery.py",
        SERVER_FILES,
        r"\b(get_channel_layer|group_send|group_add|group_discard)\b",
        ("conversations/delivery.py",),
        ("conversations/services.py", "get_channel_layer().send(name, bell)"),
    ),
    OnlyPlace(
        "frames and their fields are named in frames.py",
        SERVER_FILES,
        r"""["'](f|now_ms|at_ms|dup|accepted|hello)["']""",
        ("conversations/frames.py",),
        ("conversations/consumers.py", 'await self.send_json({"f": kind})'),
    ),
    OnlyPlace(
        "frames and their fields are named in the page's frames.js",
        MODULES,
        r"""\b(client_id|at_ms|now_ms)\b|[{,]\s*f:\s*["']""",
        ("static/js/transport/frames.js",),
        ("static/js/chat/outbox.js", 'socket.send({ f: "post" });'),
    ),
    OnlyPlace(
        "transactions are opened in services",
        SERVER_FILES,
        r"\b(on_commit|atomic|select_for_update)\b",
        SERVICES,
        ("accounts/views/login.py", "transaction.atomic(using=alias)"),
    ),
    OnlyPlace(
        "rows are written in services, or by a model's own verb",
        SERVER_FILES,
        r"\b(get_or_create|update_or_create|bulk_create|bulk_update)\b"
        r"|\.objects\.create\(|(?<!\))\.save\((?!_)|\.delete\(\)|\.objects\b.*\.update\(",
        (*SERVICES, "accounts/models/*.py"),
        ("accounts/views/login.py", "user.save(update_fields=['language'])"),
    ),
    OnlyPlace(
        "no server code says decrypt, but for the sealed seeds of the second step and the operator's own backups",
        SERVER_FILES,
        r"(?i)decrypt",
        ("accounts/sealing.py", "chatproject/services/backup/box.py"),
        ("conversations/services.py", "text = decrypt(blob)"),
    ),
    OnlyPlace(
        "WebCrypto and randomness are used in primitives.js",
        MODULES,
        r"\bcrypto\s*\.\s*subtle\b|\bgetRandomValues\b|\brandomUUID\b",
        ("static/js/crypto/primitives.js",),
        ("static/js/store/keyring.js", "await crypto.subtle.digest('SHA-256', data);"),
    ),
    OnlyPlace(
        "weak randomness is used nowhere",
        MODULES,
        r"\bMath\.random\b",
        (),
        ("static/js/chat/outbox.js", "const id = Math.random();"),
    ),
    OnlyPlace(
        "labels stand in labels.js",
        MODULES,
        r"""e2c/1/|\bLBL\(|\bE2CK\b|\b600_?000\b""",
        ("static/js/crypto/labels.js",),
        ("static/js/crypto/chain.js", 'const info = LBL("mk");'),
    ),
    OnlyPlace(
        "labels of the server stand in its formats",
        SERVER_FILES,
        r"""e2c/1/""",
        ("keys/formats.py",),
        ("keys/services.py", 'verify(b"e2c/1/bundle")'),
    ),
    OnlyPlace(
        "the document belongs to the interface",
        MODULES,
        r"\bdocument\s*\.|\bwindow\s*\.|\bHTML\w*Element\b",
        ("static/js/ui/*", "static/js/main.js", "static/js/pages/*"),
        ("static/js/chat/messenger.js", "document.title = count;"),
    ),
    OnlyPlace(
        "sockets are opened in socket.js",
        MODULES,
        r"\bnew\s+WebSocket\b",
        ("static/js/transport/socket.js",),
        ("static/js/chat/messenger.js", "const line = new WebSocket(url);"),
    ),
    OnlyPlace(
        "requests are made in api.js, and where the sign-up page asks whether a name is free",
        MODULES,
        r"(?<![.#\w])fetch\(|globalThis\.fetch|\bXMLHttpRequest\b|\bsendBeacon\b|\bEventSource\b",
        ("static/js/transport/api.js", "static/js/pages/account.js"),
        ("static/js/ui/people.js", "await fetch(url);"),
    ),
    OnlyPlace(
        "the database of the browser is opened in database.js",
        MODULES,
        r"\bindexedDB\.open\b",
        ("static/js/store/database.js",),
        ("static/js/chat/messenger.js", "indexedDB.open('keys');"),
    ),
    OnlyPlace(
        "tabs talk to each other in tabs.js",
        MODULES,
        r"\bBroadcastChannel\b",
        ("static/js/transport/tabs.js",),
        ("static/js/chat/host.js", "const channel = new BroadcastChannel(name);"),
    ),
    OnlyPlace(
        "beside the database only the mark that it was there is kept",
        MODULES,
        r"\blocalStorage\b|\bsessionStorage\b",
        ("static/js/store/mark.js",),
        ("static/js/chat/messenger.js", "localStorage.setItem('key', key);"),
    ),
    OnlyPlace(
        "no string becomes markup or code",
        MODULES,
        r"\b(innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|DOMParser|setHTMLUnsafe|srcdoc)\b"
        r"|\bdocument\.write|\beval\(|\bnew Function\b|setAttribute\(\s*[\"'](style|on\w+)",
        (),
        ("static/js/ui/bubble.js", "box.innerHTML = text;"),
    ),
    OnlyPlace(
        "workers, and addresses that Trusted Types let pass, are made in digests.js",
        MODULES,
        r"\bnew\s+(Shared)?Worker\b|\bserviceWorker\b|\btrustedTypes\b",
        ("static/js/crypto/digests.js",),
        ("static/js/chat/messenger.js", "new Worker(address);"),
    ),
    OnlyPlace(
        "templates carry no inline script, style or handler",
        TEMPLATES,
        r"\sstyle\s*=|<style\b|\son[a-z]+\s*=|javascript:|<script(?![^>]*\b(src=|type=.importmap))",
        (),
        ("templates/base.html", '<p onclick="go()">'),
    ),
    OnlyPlace(
        "templates switch no escaping off",
        TEMPLATES,
        r"\|\s*safe\b|\bautoescape\s+off",
        (),
        ("templates/base.html", "{{ name|safe }}"),
    ),
    OnlyPlace(
        "no test waits by `wait_for_function`: its second look is an eval, which the page's policy refuses",
        TESTS,
        r"\.wait_for_function\(",
        ("tests/test_architecture.py",),
        ("tests/ui/chats.py", "page.wait_for_function('ready')"),
    ),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.claim)
def test_each_thing_stands_in_its_only_place(rule):
    assert [line for path in rule.files for line in rule.findings(path, sources.read(path))] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.claim)
def test_a_breach_of_each_rule_is_found(rule):
    assert rule.findings(*rule.breach)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.claim)
def test_each_only_place_exists(rule):
    for place in rule.places:
        assert fnmatch.filter(rule.files, place), place


def test_a_comment_or_a_docstring_is_no_breach():
    rule = next(rule for rule in RULES if "decrypt" in rule.claim)
    assert not rule.findings("accounts/x.py", '"""We decrypt nothing."""\nx = 1  # decrypt\n')
    assert rule.findings("accounts/x.py", '"""Doc."""\nx = "decrypt"\n')


def test_javascript_comments_are_told_from_text():
    code = sources.code("static/js/x.js", 'const a = "// kept"; // gone\nconst b = /["/]/; /* gone\ngone */ end();')
    assert "kept" in code
    assert "end();" in code
    assert "gone" not in code


# --- the same in two places ------------------------------------------------------------------------------------------


def labels_of_the_page() -> set[str]:
    return set(re.findall(r'LBL\("([a-z-]+)"\)', sources.code("x.js", sources.read("static/js/crypto/labels.js"))))


def labels_of(*folders: str) -> set[str]:
    found = set()
    for path in sources.python_files(*folders):
        for call in sources.calls(sources.read(path), "label"):
            found |= {
                node.value
                for argument in call.args
                for node in ast.walk(argument)
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            }
    return found


PAGE_ALONE = {"ring", "kek", "find"}  # the browser's own store, which nothing else reads


def test_the_page_and_the_reference_use_the_same_labels():
    assert labels_of_the_page() - PAGE_ALONE == labels_of("reference") - PAGE_ALONE


def test_the_server_uses_no_label_of_its_own():
    assert labels_of("keys", "conversations") <= labels_of_the_page()


def close_codes(path: str, pattern: str) -> dict[str, int]:
    found = re.findall(pattern, sources.code(path, sources.read(path)), flags=re.MULTILINE)
    return {name: int(number) for name, number in found}


def test_both_sides_know_the_same_close_codes():
    server = close_codes("conversations/closecodes.py", r"^([A-Z_]+) = (\d{4})$")
    page = close_codes("static/js/transport/closecodes.js", r"\b([A-Z_]+)\b\s*[:=]\s*(\d{4})\b")
    assert server
    assert server == page


def test_all_sides_know_how_long_too_many_stay_away():
    sides = {
        "conversations/closecodes.py": r"PAUSE_SECONDS = (\d+) ",
        "static/js/transport/closecodes.js": r"TOO_MANY\]: (\d+)_000 ",
        "reference/link.py": r"4429: (\d+)\.0\b",
    }
    found = {path: re.search(pattern, sources.read(path))[1] for path, pattern in sides.items()}
    assert len(set(found.values())) == 1, found


def test_all_sides_know_the_words_and_the_bound_of_the_retry_hint():
    server = sources.read("conversations/closecodes.py")
    (words,) = re.findall(r'f"(retry=)\{', server)
    readers = {
        "static/js/transport/closecodes.js": (r"RETRY = /\^(.*)\$/;", r"RETRY_MOST_MS = (\d+)_000;"),
        "reference/link.py": (r're\.compile\(r"(retry.*)"\)', r"RETRY_MOST_SECONDS = (\d+)\.0\b"),
    }
    most = re.search(r"RETRY_MOST_MS = (\d+)_000 ", server)[1]
    for path, (form, bound) in readers.items():
        text = sources.read(path)
        assert re.fullmatch(re.search(form, text)[1], f"{words}{most}000"), path
        assert re.search(bound, text)[1] == most, path


def test_close_codes_are_those_of_the_architecture():
    written = re.search(r"Close codes.*?\n\n(.*?)\n\n", sources.read("docs/architecture.md"), flags=re.DOTALL)
    server = close_codes("conversations/closecodes.py", r"^([A-Z_]+) = (\d{4})$")
    assert set(server.values()) == {int(code) for code in re.findall(r"\b4\d{3}\b", written[1])}


# --- settings --------------------------------------------------------------------------------------------------------


def settings_read() -> set[str]:
    """Names of the variables that chatproject/settings.py reads through env.py."""
    found = set()
    for node in ast.walk(ast.parse(sources.read("chatproject/settings.py"))):
        if isinstance(node, ast.Call) and _is_of_env(node.func):
            found |= _named(node) or _named_inside(node.func.attr)
    return found


def _is_of_env(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and getattr(function.value, "id", "") == "env"


def _named(call: ast.Call) -> set[str]:
    return {call.args[0].value} if call.args and isinstance(call.args[0], ast.Constant) else set()


def _named_inside(function: str) -> set[str]:
    tree = ast.parse(sources.read("chatproject/env.py"))
    body = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function)
    found = {node.value for node in ast.walk(body) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {name for name in found if re.fullmatch(r"[A-Z][A-Z_]+", name)}


def test_the_environment_example_lists_exactly_what_the_settings_read():
    listed = re.findall(r"^#? ?([A-Z][A-Z_0-9]+)=", sources.read(".env.example"), flags=re.MULTILINE)
    assert sorted(listed) == sorted(settings_read())


def test_the_development_guide_explains_exactly_what_the_settings_read():
    explained = re.findall(r"^\| `([A-Z][A-Z_0-9]+)` \|", sources.read("docs/development.md"), flags=re.MULTILINE)
    assert sorted(explained) == sorted(settings_read())


# --- what no file says -----------------------------------------------------------------------------------------------

ELSEWHERE = [  # put together here, so that this file does not say it either
    ".".join(("pypi", "org")),
    ".".join(("files", "pythonhosted", "org")),
    ".".join(("registry", "npmjs", "org")),
    ".".join(("npmjs", "com")),
    ".".join(("proxy", "golang", "org")),
    "/".join(("..", "shared")),
    "/".join(("", "work", "")),
    "/".join(("", "root", "")),
]


def named_elsewhere(text: str) -> list[str]:
    return [word for word in ELSEWHERE if word in text]


def test_no_file_names_a_package_registry_or_a_place_outside():
    found = {}
    for path in sources.project_files():
        try:
            words = named_elsewhere(sources.read(path))
        except UnicodeDecodeError:
            continue
        if words:
            found[path] = words
    assert found == {}


def test_a_file_that_names_a_registry_is_found():
    assert named_elsewhere(f"see https://{ELSEWHERE[0]}/simple")


def test_the_page_needs_no_package_manager():
    names = {path.rsplit("/", 1)[-1] for path in sources.project_files()}
    assert not names & {"package.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "node_modules"}
