"""What a socket takes, how much of it, how long an answer may be under way, and what then."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError

from conversations import (
    baseconsumer,
    consumers,
    standing,
)
from conversations.tests.sockets import close_code, connected, post_frame
from conversations.tests.world import World

pytestmark = [
    pytest.mark.django_db(transaction=True, databases="__all__"),
    pytest.mark.asyncio,
    pytest.mark.usefixtures("sessions_say_who"),
]


async def test_three_bad_frames_close_the_socket(world: World) -> None:
    async with connected(world.alice) as alice:
        for text in ("{", '{"f":"nothing"}', json.dumps({"f": "pull", "cid": uuid4().hex, "after": 0, "limit": 1})):
            await alice.send_to(text_data=text)
            assert (await alice.receive_json_from())["f"] == "error"
        assert await close_code(alice) == 4400


@pytest.mark.parametrize("frame", [{"f": "heads"}, {"f": "pull", "cid": "0" * 32, "after": 0, "limit": 1}])
async def test_nothing_is_taken_before_the_hello(world: World, frame: dict[str, Any]) -> None:
    async with connected(world.alice, hello=False) as alice:
        await alice.send_json_to(frame)
        assert await alice.receive_json_from() == {"f": "error", "code": "BAD_FRAME"}


@pytest.mark.parametrize(("size", "code"), [(256 * 1024, None), (256 * 1024 + 1, 4413)])
async def test_it_holds_the_border_of_a_frames_size(world: World, size: int, code: int | None) -> None:
    async with connected(world.alice) as alice:
        await alice.send_to(text_data='{"f":"heads"}'.ljust(size))
        if code:
            assert await close_code(alice) == code
        else:
            assert (await alice.receive_json_from())["f"] == "heads"


async def test_bytes_are_no_frames(world: World) -> None:
    async with connected(world.alice) as alice:
        await alice.send_to(bytes_data=b'{"f":"heads"}')
        assert await close_code(alice) == 4400


async def test_a_flood_closes_the_socket(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseconsumer, "BURST_FRAMES", 3.0)
    monkeypatch.setattr(baseconsumer, "FRAMES_PER_SECOND", 0.0)
    async with connected(world.alice) as alice:
        for _ in range(4):
            await alice.send_json_to({"f": "heads"})
        assert await close_code(alice) == 4429


async def slow(*_args: Any, **_kwargs: Any) -> None:
    await asyncio.sleep(9)


async def test_a_handler_has_a_deadline(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected(world.alice) as alice:
        monkeypatch.setattr(baseconsumer, "HANDLER_SECONDS", 0.05)
        monkeypatch.setattr(consumers.postbox, "pull", slow)
        await alice.send_json_to({"f": "pull", "cid": uuid4().hex, "after": 0, "limit": 1})
        assert await close_code(alice) == 4408


async def test_a_heartbeat_has_a_deadline(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected(world.alice) as alice:
        monkeypatch.setattr(standing, "READ_SECONDS", 0.05)
        monkeypatch.setattr(standing.bridge, "run", slow)
        await alice.send_json_to({"f": "heads"})
        assert await close_code(alice) == 4408


@pytest.mark.parametrize(("error", "told"), [(OperationalError, "UNAVAILABLE"), (RuntimeError, 4500)])
async def test_a_heartbeat_that_fails_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch, error: type[Exception], told: object
) -> None:
    def broken(_uids: object) -> None:
        raise error

    async with connected(world.alice) as alice:
        monkeypatch.setattr(standing, "_read", broken)
        await alice.send_json_to({"f": "heads"})
        if isinstance(told, int):
            assert await close_code(alice) == told
        else:
            assert await alice.receive_json_from() == {"f": "error", "code": told}


async def test_an_error_of_ours_shows_no_content(world: World, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    def broken(*_args: Any) -> None:
        raise RuntimeError("SECRET")

    monkeypatch.setattr(consumers.postbox, "submit", broken)
    async with connected(world.alice) as alice:
        await alice.send_json_to(post_frame(world.alice, uuid4()))
        assert await close_code(alice) == 4500
    assert "RuntimeError" in caplog.text
    assert "SECRET" not in caplog.text
