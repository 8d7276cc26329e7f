"""What may be asked twice is asked again while the server is away, and only then."""

from urllib.error import URLError

import pytest

from reference import patience
from reference.patience import patiently
from reference.web import HttpRefused


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch):
    monkeypatch.setattr(patience, "LONGEST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(patience, "FIRST_PAUSE_SECONDS", 0.01)


def scripted(*answers):
    left = list(answers)

    def work():
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return work


@pytest.mark.asyncio
async def test_a_server_that_is_away_is_asked_again():
    gone = (URLError("refused"), ConnectionResetError(), HttpRefused(503, "UNAVAILABLE"), HttpRefused(502, ""))
    assert await patiently(scripted(*gone, "an answer")) == "an answer"


@pytest.mark.asyncio
async def test_a_refusal_is_an_answer():
    with pytest.raises(HttpRefused, match="403"):
        await patiently(scripted(HttpRefused(403, "DEVICE_REQUIRED"), "never"))
