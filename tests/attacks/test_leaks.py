"""Database, log, backup and Redis in the wrong hands: what was planted in a whole run is in none of them."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.attacks.pages import chromium
from tests.attacks.talkers import database, redis
from tests.browser import databases
from tests.browser.people import Person
from tests.browser.profile import profiles
from tests.browser.scanner import RedisMonitor
from tests.browser.server import serving
from tests.browser.test_canary import Run, found, live

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
TEXTS = [f"planted text number {number} ñ" for number in range(3)]


@pytest.fixture(scope="module")
def leaked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Two people sign up, write, lock and come back; everything that the server has then falls into our hands."""
    folder = tmp_path_factory.mktemp("leaked")
    people = [Person("alice", "Alice Azul"), Person("bob", "Bob Brown", "bob@example.org")]
    run = Run(people, TEXTS)
    with ExitStack() as stack:
        urls = databases.fresh_databases(stack.enter_context(database()))
        url = stack.enter_context(redis())
        monitor = RedisMonitor(url)
        site = stack.enter_context(serving(folder, LOG_LEVEL="DEBUG", REDIS_URL=url, **urls))
        browser = stack.enter_context(chromium())
        live(run, browser, site, stack.enter_context(profiles(folder)))
        key = folder / "backup.key"
        site.extra = {**site.extra, "BACKUP_PUBLIC_KEY": site.manage("backup", str(key), "--make-key")}
        site.manage("backup", str(folder / "archive"), "--quiet")
        run.stored.add("backup", (folder / "archive").read_bytes())
        for setting in ("DATABASE_URL", "MESSAGES_DATABASE_URL"):
            run.stored.add(setting, databases.dump(urls[setting]))
        run.stored.add("redis", monitor.stop())
        run.stored.add("log", site.log())
        yield run


def test_a104_no_text_key_or_passphrase_is_in_database_log_backup_or_redis(leaked):
    assert len(leaked.keys) > 50, "else nothing was planted"
    assert "DATABASE_URL" in leaked.stored.places_of(b"alice"), "else it looks in the wrong place"
    assert "log" in leaked.stored.places_of(leaked.mail_codes[0].encode()), "without a mail server: the terminal"
    assert found(leaked.stored, leaked.never_leave) == {}


def test_a104_passwords_seeds_and_codes_are_of_no_use_without_the_servers_keys(leaked):
    places = found(leaked.stored, leaked.never_stored)
    mailed = {name for name in leaked.never_stored if name.startswith("mailed")}
    assert {name: seen for name, seen in places.items() if not (name in mailed and seen == {"log"})} == {}
