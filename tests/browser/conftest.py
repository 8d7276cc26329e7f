"""Fixtures of the browser tests: one Playwright for this folder, fresh profiles, a server process per module.

Playwright is stopped after the folder's last test, because a thread can have only one.
"""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.browser.profile import Profile, profiles
from tests.browser.server import Site, serving

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(CHROMIUM_FLAGS))
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def firefox(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.firefox.launch(channel="moz-firefox", executable_path=shutil.which("firefox-esr"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """SQLite, one process, everything by default."""
    with serving(tmp_path_factory.mktemp("site")) as started:
        yield started


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Profile]]:
    """Makes fresh browser profiles that live as long as the module's tests."""
    with profiles(tmp_path_factory.mktemp("profiles")) as make:
        yield make


@pytest.fixture(scope="session")
def postgres_url() -> str:
    return _needed("TEST_POSTGRES_URL")


@pytest.fixture(scope="session")
def redis_url() -> str:
    return _needed("TEST_REDIS_URL")


def _needed(name: str) -> str:
    if name not in os.environ:
        pytest.fail(f"{name} is missing: run this through `python -m tests.services none -- ...` or bin/test browser")
    return os.environ[name]
