"""Acknowledgements that wait to be written: the latest of each device and conversation, so many and no more."""

from typing import Any
from uuid import uuid4

import pytest

from conversations import acks, services
from conversations.acks import Acks
from conversations.refusals import Refusal

pytestmark = pytest.mark.asyncio


async def test_a_full_table_refuses_what_is_new_and_keeps_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acks, "MAX_WAITING", 1)
    monkeypatch.setattr(acks, "GATHER_SECONDS", 0.0)
    written: list[Any] = []
    monkeypatch.setattr(services, "ack_batch", lambda given: written.append(given) or {})
    first, second = ({"uid": uuid4(), "did": uuid4(), "cid": uuid4()} for _ in range(2))
    table = Acks()
    kept = [table.take(**first, upto=upto) for upto in (1, 3, 2)]
    refused = [table.take(**second, upto=1) for _ in range(2)]
    assert [await answer for answer in kept] == [None, None, None]
    assert written == [{tuple(first.values()): 3}]
    for answer in refused:
        refusal = await answer
        assert isinstance(refusal, Refusal)
        assert (refusal.status, refusal.code) == (503, "UNAVAILABLE")
