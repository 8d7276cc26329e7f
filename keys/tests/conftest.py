"""Alice, Bob and Mallory; counters start at nothing in every test."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.tests.people import log_in, make_person
from keys import services
from keys.tests.owners import Owner


@pytest.fixture(autouse=True)
def no_counts() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows anybody, unless a test says so: who does is the mail's business, in a database of its own."""
    monkeypatch.setattr(services, "is_contact", lambda requester, target: False)


@pytest.fixture
def alice(db: Any) -> Owner:
    return Owner(make_person("alice"))


@pytest.fixture
def bob(db: Any) -> Owner:
    return Owner(make_person("bob"))


@pytest.fixture
def mallory(db: Any) -> Owner:
    return Owner(make_person("mallory"))


@pytest.fixture
def client(alice: Owner) -> Client:
    return log_in(alice.user)
