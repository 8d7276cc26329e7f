"""Judges test vectors with the browser's implementation: the product's modules in a real Chromium or Firefox.

python -m tests.vectors.browser FILE... [--engine firefox]
"""

import argparse
import json
import os
import shutil
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, Page, Playwright, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
SERVED = (
    "static/js/",
    "tests/vectors/",
    "tests/js/",
    "tests/js_chat/",
    "tests/schedules/",
    "tests/published/",
    "bench/",
)
Evaluate = Callable[..., Any]  # evaluate(script, argument=None)
BATCH = 32  # cases
BATCH_SECONDS = 240
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; worker-src blob:; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types digest-workers"
)
JUDGE = """async ([cases, seconds]) => {
    const { judge } = await import("/tests/vectors/judge.js");
    const late = new Promise((_, fail) => setTimeout(() => fail(new Error("took too long")), 1000 * seconds));
    return Promise.race([judge(cases), late]);
}"""


class _Handler(SimpleHTTPRequestHandler):
    """An empty page at /, and the modules, read only."""

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/":
            self._send(b"<!doctype html><title>vectors</title>", "text/html; charset=utf-8")
            return
        path = (ROOT / unquote(urlsplit(self.path).path).lstrip("/")).resolve()
        served = any(path.is_relative_to(ROOT / folder) for folder in SERVED)
        if served and path.suffix == ".js" and path.is_file():
            self._send(path.read_bytes(), "text/javascript; charset=utf-8")
        else:
            self.send_error(404)

    do_HEAD = None  # type: ignore[assignment]

    def _send(self, body: bytes, content_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # a page asks for all its modules at once
    daemon_threads = True


@contextmanager
def module_server() -> Iterator[str]:
    """Serves the modules on a free loopback port; http://localhost is a secure context, so WebCrypto is there."""
    with in_a_thread(_Server(("127.0.0.1", 0), partial(_Handler, directory=str(ROOT)))) as port:
        yield f"http://localhost:{port}"


@contextmanager
def in_a_thread(server: HTTPServer) -> Iterator[int]:
    """Its port, while it serves."""
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


@contextmanager
def module_page(engine: str = "chromium", slower: int = 1, answer_seconds: float | None = None) -> Iterator[Evaluate]:
    """An empty page of that server, as its `evaluate`: `import("/static/js/...")` works in there.

    `slower`: by how much Chromium slows the page's thread down. `answer_seconds`: when an evaluation takes longer,
    Chromium is ended, whatever it does, and that evaluation is a TimeoutError.
    """
    with module_server() as origin, page_of(origin, engine, slower, answer_seconds) as evaluate:
        yield evaluate


@contextmanager
def page_of(
    address: str, engine: str = "chromium", slower: int = 1, answer_seconds: float | None = None
) -> Iterator[Evaluate]:
    """Everything of Playwright happens in one thread of its own, so that a run may have another Playwright open."""
    with ThreadPoolExecutor(max_workers=1) as thread, ExitStack() as opened:
        page = thread.submit(_open_page, address, engine, slower, opened).result()
        process = thread.submit(_process_of, page).result() if answer_seconds else None

        def evaluate(script: str, argument: Any = None) -> Any:
            asked = thread.submit(page.evaluate, script, argument)
            try:
                return asked.result(answer_seconds)
            except TimeoutError:
                os.kill(process, signal.SIGKILL)
                raise TimeoutError(f"the page gave no answer within {answer_seconds} s") from None

        try:
            yield evaluate
        finally:
            thread.submit(opened.close).result()


def _open_page(address: str, engine: str, slower: int, opened: ExitStack) -> Page:
    browser = _launch(opened.enter_context(sync_playwright()), engine)
    opened.callback(browser.close)
    page = browser.new_page()
    page.goto(address)
    if slower > 1:
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    return page


def _process_of(page: Page) -> int:
    told = page.context.browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
    return next(process["id"] for process in told["processInfo"] if process["type"] == "browser")


def run(files: list[Path], engine: str = "chromium") -> list[dict[str, Any]]:
    """Judges every case of the files: [{"id", "type", "ok", "detail"}]."""
    cases = [case for file in files for case in json.loads(file.read_text("utf-8"))["cases"]]
    results: list[dict[str, Any]] = []
    with module_page(engine) as evaluate:
        for start in range(0, len(cases), BATCH):
            results += evaluate(JUDGE, [cases[start : start + BATCH], BATCH_SECONDS])
    return results


def _launch(playwright: Playwright, engine: str) -> Browser:
    if engine == "firefox":
        return playwright.firefox.launch(channel="moz-firefox", executable_path=shutil.which("firefox-esr"))
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_ARGS)


def main(arguments: list[str]) -> int:
    """Prints one line a case type; 0 if all passed."""
    parser = argparse.ArgumentParser(prog="python -m tests.vectors.browser")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--engine", choices=["chromium", "firefox"], default="chromium")
    options = parser.parse_args(arguments)
    results = run(options.files, options.engine)
    passed = Counter(result["type"] for result in results if result["ok"])
    failed = Counter(result["type"] for result in results if not result["ok"])
    for result in results:
        if not result["ok"]:
            print(f"{result['id']}: {result['detail']}", file=sys.stderr)
    for kind in sorted(passed.keys() | failed.keys()):
        print(f"{kind} {passed[kind]} passed, {failed[kind]} failed")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
