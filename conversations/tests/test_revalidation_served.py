"""Real server processes: a login that is ended where none of them hears of it closes its sockets all the same."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import websockets

from conversations.tests.test_drain import PATIENCE_SECONDS, Line
from conversations.tests.test_serve import Site
from conversations.tests.test_serve_limits import make_site

EndLogin = Callable[[Site, int], None]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = make_site(tmp_path)
    yield made
    made.end()


def disable_by_command(site: Site, _port: int) -> None:
    assert "1 off." in site._python("manage.py", "account_disable", "alice")


def log_out(site: Site, port: int) -> None:
    line = Line(site, port, "alice")
    line.ask("POST", "/logout/")
    assert line.line.getresponse().status == 302


@pytest.mark.asyncio
@pytest.mark.parametrize("end", [disable_by_command, log_out])
async def test_it_closes_the_socket_at_a_process_that_hears_nothing(site: Site, end: EndLogin) -> None:
    """There is no Redis: two processes know nothing of each other, a command nothing of either."""
    here, elsewhere = site.start(), site.start()
    async with site.connect(here, "alice") as alice, site.connect(here, "bob") as bob:
        await site.greet(alice, "alice")
        await site.greet(bob, "bob")
        await asyncio.to_thread(end, site, elsewhere)
        with pytest.raises(websockets.ConnectionClosed):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await alice.recv()
        assert alice.close_code == 4401
        await bob.send('{"f":"heads"}')
        assert '"f":"heads"' in await bob.recv()
