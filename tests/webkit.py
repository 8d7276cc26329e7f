"""A page of WebKitGTK: MiniBrowser under WebKitWebDriver and a display of its own, spoken to over plain HTTP."""

import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.services import free_port

START_SECONDS = 60
SCRIPT_SECONDS = 300
# No eval: the page's policy holds for it. What the driver hands over last is called with the result.
RUN = """
const [argument, done] = arguments;
Promise.resolve().then(() => (%s)(argument)).then(
  (value) => done({ value: value === undefined ? null : value }),
  (error) => done({ error: String(error) + error.stack }));
"""


class WebKitPage:
    """`evaluate(script, argument)` like Playwright's, for functions that give JSON."""

    def __init__(self, origin: str, session: str) -> None:
        self._address = f"{origin}/session/{session}"

    def open(self, url: str) -> None:
        _call("POST", f"{self._address}/url", {"url": url})

    def evaluate(self, script: str, argument: Any = None) -> Any:
        asked = {"script": RUN % script, "args": [argument]}
        told = _call("POST", f"{self._address}/execute/async", asked, seconds=SCRIPT_SECONDS)
        if "error" in told:
            raise RuntimeError(told["error"])
        return told["value"]


@contextmanager
def webkit_page(url: str) -> Iterator[WebKitPage]:
    """That address in a new MiniBrowser; driver and display end with it."""
    with ExitStack() as opened:
        display = _display(opened)
        driver = _driver(opened, display)
        wanted = {"webkitgtk:browserOptions": {"binary": str(_mini_browser()), "args": ["--automation"]}}
        told = _call("POST", f"{driver}/session", {"capabilities": {"alwaysMatch": wanted}}, seconds=START_SECONDS)
        session = told["sessionId"]
        opened.callback(_call, "DELETE", f"{driver}/session/{session}")
        timeouts = {"script": SCRIPT_SECONDS * 1000}
        _call("POST", f"{driver}/session/{session}/timeouts", timeouts)
        page = WebKitPage(driver, session)
        page.open(url)
        yield page


def _mini_browser() -> Path:
    return next(iter(sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))))


def _display(opened: ExitStack) -> str:
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "800x600x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
    opened.callback(_end, process)
    os.close(writer)
    with os.fdopen(reader) as told:
        return f":{told.readline().strip()}"


def _driver(opened: ExitStack, display: str) -> str:
    """Its address, once it answers. A home of its own, so that nothing of this user's is read or left."""
    home = opened.enter_context(tempfile.TemporaryDirectory(prefix="webkit-"))
    port = free_port()
    environment = {
        **os.environ,
        "DISPLAY": display,
        "HOME": home,
        "XDG_RUNTIME_DIR": home,
        "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
        "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
        "GDK_BACKEND": "x11",
        "NO_AT_BRIDGE": "1",
    }
    command = [shutil.which("WebKitWebDriver") or "WebKitWebDriver", f"--port={port}"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    opened.callback(_end, process)
    address = f"http://127.0.0.1:{port}"
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            _call("GET", f"{address}/status")
            return address
        except OSError:
            if time.monotonic() > until or process.poll() is not None:
                raise
            time.sleep(0.1)


def _call(method: str, url: str, body: Any = None, seconds: float = 30) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as refused:
        raise RuntimeError(refused.read().decode()) from None


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
