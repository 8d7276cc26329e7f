"""How a server that ends spreads those who come back: the reason it closes their sockets with."""

import asyncio
import json
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import websockets

from conversations import closecodes
from conversations.tests.crowd import BROWSERS, PEOPLE
from conversations.tests.test_serve import Site, finish

PATIENCE_SECONDS = 30


@pytest.mark.parametrize(
    ("sockets", "hint"),
    [(0, 500), (1, 500), (20, 500), (21, 525), (200, 5_000), (600, 15_000), (601, 15_000), (10_000, 15_000)],
)
def test_the_more_are_closed_the_longer_they_may_stay_away(sockets: int, hint: int) -> None:
    assert closecodes.retry_hint(sockets) == f"retry={hint}"


@pytest.mark.asyncio
async def test_every_socket_is_told_how_long_to_stay_away(tmp_path: Path) -> None:
    site = Site(tmp_path)
    crowd = json.loads(site._python("-m", "conversations.tests.crowd").splitlines()[-1])
    assert len(crowd) == PEOPLE * BROWSERS
    site.words |= crowd
    try:
        port = site.start()
        async with AsyncExitStack() as stack:
            lines = [await stack.enter_async_context(site.connect(port, name)) for name in crowd]
            for line, name in zip(lines, crowd, strict=True):
                await site.hello(line, name)
                assert json.loads(await line.recv())["f"] == "welcome"
            ended = asyncio.to_thread(finish, site.processes[-1], signal.SIGTERM)
            (status, printed, _seconds), *reasons = await asyncio.gather(ended, *map(farewell, lines))
    finally:
        site.end()
    assert (status, printed) == (0, "")
    assert reasons == [(4412, "retry=600")] * len(crowd)


async def farewell(line: Any) -> tuple[int, str]:
    """Code and reason that the server closes it with."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await line.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason
