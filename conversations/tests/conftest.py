"""What every test of the mail starts from."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from conversations import consumers, delivery, offenders, services, socketauth
from conversations.tests.world import Directory, World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    directory = Directory()
    monkeypatch.setattr(services.keys, "current_bundle_ref", directory.current_bundle_ref)
    monkeypatch.setattr(services.keys, "bundle_devices", directory.bundle_devices)
    made = World(directory)
    for person in (made.alice, made.bob, made.mallory):
        directory.publish(person)
    delivery.counters.clear()
    offenders.closed.clear()
    return made


@pytest.fixture
def sessions_say_who(monkeypatch: pytest.MonkeyPatch) -> None:
    """A double of the log-in: what the session row says is what counts."""

    def user_of(session: Any) -> Any:
        return SimpleNamespace(uid=UUID(session["uid"])) if session.get("full") else None

    def device_of(session: Any, user: Any) -> Any:
        return SimpleNamespace(did=UUID(session["did"])) if session.get("did") else None

    monkeypatch.setattr(socketauth, "full_login", user_of)
    monkeypatch.setattr(socketauth, "bound_device", device_of)
    monkeypatch.setattr(consumers, "RECHECK_PAUSE_SECONDS", 0.0)
