"""What several of these tests need."""

import pytest

from reference import person
from reference.person import now_ms


@pytest.fixture
def later(monkeypatch):
    """From here on it is so many milliseconds later for whoever judges a head; those of the server are as new."""

    def go_on(server, passed):
        monkeypatch.setattr(person, "now_ms", lambda: now_ms() + passed)
        server.head_age_ms = -passed

    return go_on
