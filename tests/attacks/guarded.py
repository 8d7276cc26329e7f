"""A site of two processes for attacks on accounts, and the people in it. What a proxy says of addresses is believed."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reference.login import Credentials, sign_up, totp
from reference.person import Person
from reference.web import Web
from tests.attacks import seeds
from tests.attacks.doors import Visitor
from tests.browser.server import Site, serving

PASSWORD = "Correct-Horse-7-Battery"


@dataclass
class Guarded:
    site: Site
    _networks: Iterator[int] = field(default_factory=itertools.count, repr=False)

    @property
    def origin(self) -> str:
        return self.site.url

    def visitor(self, network: str = "198.51.100.1", *, process: int = 0) -> Visitor:
        return Visitor(self.site.urls[process], network)

    def stranger(self) -> Visitor:
        """From a network that nobody else is in, so that no try of others counts against theirs."""
        number = next(self._networks)
        return self.visitor(f"100.{number // 250}.{number % 250}.9")

    def person(self, name: str) -> "Resident":
        web = Web(self.origin)
        credentials = sign_up(web, name=name, password=PASSWORD, display_name=name.title(), email=f"{name}@example.org")
        jar = {cookie.name: cookie.value or "" for cookie in web._jar}
        return Resident(credentials, Visitor(self.origin, "203.0.113.1", jar), time.time())

    def seed(self, *words: str) -> list[str]:
        """Runs `tests.attacks.seeds`; the lines that it prints."""
        return seeds.run(self.site, *words).split()


@dataclass
class Resident:
    """A person, and the browser in which they are logged in."""

    credentials: Credentials
    home: Visitor
    signed_up_at: float

    def next_code(self) -> str:
        """The app's code of the next half minute: taken already, and not used by the sign-up."""
        return totp(self.credentials.app_secret, max(self.signed_up_at, time.time()) + 30)

    def recovery_code(self) -> str:
        return self.credentials.recovery_codes.pop()


def keyed_person(origin: str, name: str) -> Person:
    """With keys, and a session bound to them."""
    web = Web(origin)
    made = Person(web, sign_up(web, name=name, password=PASSWORD, display_name=name.title()))
    made.make_keys(opks=1)
    made.publish()
    return made


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder: Path = tmp_path_factory.mktemp("guarded")
    with serving(folder, processes=2, TRUSTED_PROXY_COUNT="1") as site:
        yield Guarded(site)
