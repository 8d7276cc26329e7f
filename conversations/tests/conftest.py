"""What every test of the mail starts from."""

import pytest

from conversations import delivery, offenders, services
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
