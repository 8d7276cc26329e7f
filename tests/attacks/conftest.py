"""What the attacks share: the bench in a page, and which attacks are left out because they are known to be open."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from playwright.sync_api import Error

from tests.attacks import mutants
from tests.attacks.catalogue import number_of
from tests.attacks.guarded import guarded as guarded
from tests.attacks.open import BROKEN
from tests.attacks.pages import Peers, Stage, chromium
from tests.attacks.proxy import hostile_proxy
from tests.browser.people import alice
from tests.browser.profile import Profile, profiles
from tests.browser.server import serving
from tests.services import free_port
from tests.vectors import browser

RUN = """async ([name, seconds]) => {
    const { run } = await import("/tests/attacks/bench.js");
    const late = new Promise((_, fail) => setTimeout(() => fail(new Error("took too long")), 1000 * seconds));
    return Promise.race([run(name), late]);
}"""
SECONDS = 240  # whatever waits inside has its own end, at the pace of the page
Bench = Callable[[str], Any]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--attack-open", action="store_true", help="run the attacks that are known to be open as well")
    parser.addoption("--attack-changed", action="store_true", help="each test meets the mutant of its attack")
    parser.addoption("--attack-sound", action="store_true", help="first two people must be able to write")
    parser.addoption("--attack-full", action="store_true", help="as many tries and samples as the catalogue names")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The attacks that are open, and the thorough tests, do not run by default: `python -m tests.attacks` runs them."""
    left_out = []
    if not config.getoption("attack_open", default=False):
        left_out += [item for item in items if "tests/attacks/" in item.nodeid and item.name.split("[")[0] in BROKEN]
    if not config.getoption("attack_full", default=False):
        left_out += [item for item in items if item.get_closest_marker("thorough")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def full(pytestconfig: pytest.Config) -> bool:
    """Whether there is time for the numbers of the catalogue."""
    return bool(pytestconfig.getoption("attack_full", default=False))


@pytest.fixture(scope="session")
def bench_page(pytestconfig: pytest.Config) -> Iterator[Callable[..., Any]]:
    with patch.object(browser, "SERVED", (*browser.SERVED, "tests/attacks/")), browser.module_page() as evaluate:
        if pytestconfig.getoption("attack_sound", default=False):
            evaluate(RUN, ["sound", SECONDS])
        yield evaluate


@pytest.fixture
def bench(scenario: Bench) -> Bench:
    """Runs a scenario of this folder in the page; gives what it gives."""
    return lambda name: scenario(name)["given"]


@pytest.fixture
def scenario(bench_page: Callable[..., Any]) -> Bench:
    """Runs a scenario of this folder in the page; gives all that is known of it: codes of lines and stops, too."""

    def run(name: str) -> Any:
        try:
            outcome = bench_page(RUN, [name, SECONDS])
        except Error as error:
            failed = "\n".join(dict.fromkeys(error.message.splitlines()))
        else:
            failed = ""
        if failed:
            pytest.fail(f"{name}: {failed}", pytrace=False)
        assert outcome["faults"] == []
        assert outcome["unexpected"] == [], "faults of the page itself"
        return outcome

    return run


@pytest.fixture(autouse=True)
def mutant(request: pytest.FixtureRequest) -> Iterator[None]:
    """With --attack-changed, in a copy of the tree: the change of this attack, and a sound page anew with it."""
    if not request.config.getoption("attack_changed", default=False):
        yield
        return
    with mutants.changed(mutants.mutants_of(number_of(request.node.name) or 0), mutants.ROOT):
        evaluate = request.getfixturevalue("bench_page")
        load_anew(evaluate)
        evaluate(RUN, ["sound", SECONDS])
        yield


def load_anew(evaluate: Callable[..., Any]) -> None:
    evaluate("() => { globalThis.__isOld = true; setTimeout(() => location.reload()); }")
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with suppress(Error):  # between two pages
            if evaluate("globalThis.__isOld === undefined && document.readyState === 'complete'"):
                return
        time.sleep(0.02)
    raise AssertionError("the page did not come back")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Gone at the end of each module: a thread with Playwright in it can run no tests of asyncio."""
    port, folder = free_port(), tmp_path_factory.mktemp("stage")
    with ExitStack() as stack:
        browser = stack.enter_context(chromium())
        site = stack.enter_context(serving(folder, EXTRA_ORIGINS=f"http://localhost:{port}"))
        proxy = stack.enter_context(hostile_proxy(site.url, port))
        hers = stack.enter_context(profiles(folder))(browser, site, url=proxy.url)
        peers = Peers(site)
        stack.callback(peers.end)
        person = alice()
        hers.new_account(person)
        hers.make_keys(person)
        yield Stage(site, proxy, peers, person, hers, browser)


@pytest.fixture
def hostile(stage: Stage) -> Iterator[Stage]:
    """The same; afterwards the proxy is honest again."""
    yield stage
    stage.proxy.honest()


@pytest.fixture
def profile_of(tmp_path: Path) -> Iterator[Callable[[Stage], Profile]]:
    """Makes fresh profiles whose server is the proxy."""
    with ExitStack() as stack:

        def make(stage: Stage) -> Profile:
            context = stage.chromium.new_context(base_url=stage.proxy.url)
            stack.callback(context.close)
            return Profile(context, stage.site, tmp_path)

        yield make


def pytest_itemcollected(item: pytest.Item) -> None:
    if "tests/attacks/" in item.nodeid and number_of(item.name) is None and "test_a" in item.name:
        raise pytest.UsageError(f"{item.name} names no attack")
