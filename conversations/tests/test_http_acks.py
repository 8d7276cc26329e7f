"""Acknowledgements over HTTP, by the rules of those over a socket."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest
from django.test import AsyncClient

from chatproject.lib import bridge
from conversations import acks
from conversations.models import Cursor
from conversations.tests.outfit import Visitor, make_visitor
from conversations.tests.polls import begin_talk, until

pytestmark = [pytest.mark.django_db(transaction=True, databases="__all__"), pytest.mark.asyncio]


async def acknowledge(visitor: Visitor, where: str, **frame: Any) -> tuple[int, dict[str, Any]]:
    client = AsyncClient()
    client.cookies = visitor.client.cookies
    body = json.dumps({"f": "ack", "cid": where, "upto": 1, **frame})
    answer = await client.post(f"/api/conversations/{where}/ack/", body, content_type="application/json")
    return answer.status_code, answer.json()


async def upto(visitor: Visitor) -> list[int]:
    return await bridge.run(lambda: list(Cursor.objects.filter(did=visitor.did).values_list("upto", flat=True)))


async def test_an_acknowledgement_over_http_is_kept() -> None:
    talk = await begin_talk()
    seq = await talk.say()
    assert await acknowledge(talk.bob, talk.cid, upto=seq) == (200, {})
    assert await acknowledge(talk.bob, talk.cid, upto=1) == (200, {})
    assert await upto(talk.bob) == [seq], "never backwards"
    assert await acknowledge(talk.bob, talk.cid, upto=99) == (200, {})
    assert await upto(talk.bob) == [seq], "never beyond the head"


@pytest.mark.parametrize("change", [{"f": "pull"}, {"cid": "0" * 32}, {"upto": -1}, {"more": 1}])
async def test_odd_acknowledgements_are_refused(change: dict[str, Any]) -> None:
    talk = await begin_talk()
    assert await acknowledge(talk.bob, talk.cid, **change) == (400, {"error": "BAD_REQUEST"})
    assert await upto(talk.bob) == []


async def test_nobody_acknowledges_what_is_not_theirs() -> None:
    talk = await begin_talk()
    mallory = await bridge.run(make_visitor, "mallory")
    assert await acknowledge(mallory, talk.cid) == (404, {"error": "NOT_FOUND"})
    assert await acknowledge(mallory, UUID(int=5).hex) == (404, {"error": "NOT_FOUND"})


async def test_who_gives_up_an_acknowledgement_spoils_no_other() -> None:
    talk = await begin_talk()
    given_up, kept = (asyncio.create_task(acknowledge(talk.bob, talk.cid)) for _ in range(2))
    other = asyncio.create_task(acknowledge(talk.alice, talk.cid))
    await until(lambda: len(acks.acks()._waiting) == 2)
    given_up.cancel()
    assert [await each for each in (kept, other)] == [(200, {})] * 2
