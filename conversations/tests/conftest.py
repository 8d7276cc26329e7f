"""What every test of the mail starts from."""

from typing import Any
from uuid import UUID

import pytest

from conversations import delivery, offenders, revalidation, services, socketauth
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

    def people_of(sessions: Any, _fetch: Any = None) -> Any:
        return {key: UUID(session["uid"]) for key, session in sessions.items() if session.get("full")}

    def devices_of(sessions: Any, _fetch: Any = None) -> Any:
        return {key: UUID(session["did"]) for key, (session, _uid) in sessions.items() if session.get("did")}

    monkeypatch.setattr(socketauth, "full_logins", people_of)
    monkeypatch.setattr(socketauth, "bound_devices", devices_of)
    monkeypatch.setattr(revalidation, "RECHECK_PAUSE_SECONDS", 0.0)
