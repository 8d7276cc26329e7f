"""The usual frame at its borders, and that whatever is unusual is left to Autobahn."""

import os

import pytest
import websockets.frames
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from conversations import quickframes

SIZES = [0, 1, 125, 126, 127, 1000, 65535]


def client_frame(payload: bytes, **odd: object) -> bytes:
    given = {"opcode": Opcode.TEXT, "data": payload, **odd}
    return Frame(**given).serialize(mask=True)


@pytest.mark.parametrize("size", SIZES)
def test_it_reads_what_another_client_wrote(size: int) -> None:
    payload = os.urandom(size).hex()[:size].encode()
    frame = client_frame(payload)
    assert quickframes.whole_text(frame + b"the next") == (payload.decode(), len(frame))
    assert quickframes.whole_text(frame[:-1]) is None, "not whole yet"


UNUSUAL = {
    "nothing": b"",
    "one byte": b"\x81",
    "eight bytes of length": client_frame(b"x" * 65536),
    "a part": client_frame(b"part", fin=False),
    "more of a part": client_frame(b"more", opcode=Opcode.CONT),
    "bytes": client_frame(b"bytes", opcode=Opcode.BINARY),
    "a ping": client_frame(b"ping", opcode=Opcode.PING),
    "compressed": b"\xc1" + client_frame(b"compressed")[1:],
    "no text": client_frame(b"\xff\xfe no text"),
    "no mask": Frame(Opcode.TEXT, b"without a mask").serialize(mask=False) + b"the next",
    "two bytes of length where one is enough": b"\x81\xfe\x00\x05maskhello",
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_it_leaves_the_unusual_alone(name: str) -> None:
    assert quickframes.whole_text(UNUSUAL[name]) is None


@pytest.mark.parametrize("size", [*SIZES, 65536, 700_000])
def test_another_client_reads_what_it_writes(size: int) -> None:
    reader = StreamReader()
    reader.feed_data(quickframes.text_frame(b"x" * size))
    parsing = Frame.parse(reader.read_exact, mask=False)
    with pytest.raises(StopIteration) as done:
        next(parsing)
    assert done.value.value == websockets.frames.Frame(Opcode.TEXT, b"x" * size)
