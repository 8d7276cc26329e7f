"""Fixtures of the interface's tests: the page with a made-up Messenger, in a real browser, under the real policy."""

import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.profile import ACTION_MS  # expectations wait as long
from tests.ui.preview import server

WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def preview() -> Iterator[str]:
    running = server()
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}/chat/"
    running.shutdown()
    running.server_close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def show(chromium: Browser, preview: str) -> Iterator[Callable[..., Page]]:
    """Opens a scene; at the end no page may have complained."""
    contexts, complaints = [], []

    def open_page(
        scene: str = "open", *, lang: str = "en", narrow: bool = False, theme: str = "light", **options: Any
    ) -> Page:
        size = NARROW if narrow else WIDE
        context = chromium.new_context(viewport=size, color_scheme=theme, reduced_motion="reduce", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(ACTION_MS)
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{preview}?scene={scene}&lang={lang}")
        page.wait_for_selector(".loading", state="detached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
