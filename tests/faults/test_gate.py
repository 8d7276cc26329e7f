"""What a gate writes down is what its name says."""

import asyncio
import contextlib

import pytest

from tests.faults.gate import Gate

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SOCKET = b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + b"\x88\x02\x0f\xa0"  # and a close frame: 4000


@contextlib.asynccontextmanager
async def gate_before(said: bytes):
    """A gate whose server says this to everybody, and hangs up."""

    async def serve(reader, writer):
        await reader.readline()
        writer.write(said)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    gate = Gate(lambda: [server.sockets[0].getsockname()[1]], seed=1)
    await gate.open(0)
    try:
        yield gate, gate._server.sockets[0].getsockname()[1]
    finally:
        await gate.close()
        server.close()


async def asked(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        return await reader.read()


@pytest.mark.asyncio
async def test_the_end_of_a_request_is_no_socket_that_was_freed():
    async with gate_before(ANSWER) as (gate, port):
        assert await asked(port) == ANSWER
        assert (len(gate.opened), gate.freed) == (1, [])


@pytest.mark.asyncio
async def test_a_socket_that_the_server_ends_is_freed_with_its_code():
    async with gate_before(SOCKET) as (gate, port):
        await asked(port)
        assert (len(gate.freed), gate.close_codes) == (1, [4000])
