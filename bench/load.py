"""The generator, a process of its own: `python -m bench.load WIRE CROWD.json PORT ORIGIN`; WIRE is one of `WIRES`.

Reads steps from standard input, one JSON object a line, and answers each with one line: `ready` when everything is
sealed and the step may begin (an empty line starts it), then the result.

    {"do": "closed", "pairs", "window", "count", "seconds"}      each pair keeps `window` messages in flight
    {"do": "open", "pairs", "rate", "count"}                     `rate` messages a second over all pairs
    {"do": "flow", "pairs", "rate", "count"}                     the same, but messages are made while it runs
    {"do": "beats", "count"}                                     so many heartbeats of the idle sockets, ten at a time
    {"do": "check"}                                              what the witnesses found (wire "witness")
    {"do": "idle", "count"}                                      so many idle sockets; 0 closes them
"""

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import llave, plain, witness, xmpp
from bench.pairs import Pair, Sent

SILENCE_SECONDS = 60.0
BEATS_AT_ONCE = 10
WIRES = {
    "llave": (llave.LlavePair, llave.open_idle),
    "witness": (witness.WitnessPair, llave.open_idle),
    "mesh": (llave.MeshPair, llave.open_idle),
    "xmpp": (xmpp.XmppPair, xmpp.open_idle),
    "plain": (plain.PlainPair, plain.open_idle),
    "echo": (plain.EchoPair, plain.open_idle),
}


class Load:
    def __init__(self, wire: str, crowd: dict[str, Any], port: int, origin: str) -> None:
        self._make_pair, self._open_one_idle = WIRES[wire]
        self._crowd, self._port, self._origin = crowd, port, origin
        self._pairs: list[Pair] = []
        self._idle: list[Any] = []
        self._done: list[Sent] = []
        self._sent = self._count = 0
        self._until = 0.0
        self._all_done = asyncio.Event()

    async def run(self, step: dict[str, Any]) -> dict[str, Any]:
        if step["do"] == "idle":
            return await self._keep_idle(step["count"])
        if step["do"] == "check":
            return await witness.check(self._pairs)
        pairs = await self._ready_pairs(step) if step["do"] != "beats" else []
        with _collecting_nothing():
            await _say({"ready": True})
            await _line()
            began, cpu = time.monotonic(), time.process_time()
            if step["do"] == "beats":
                await self._beats(step["count"])
                return {"messages": step["count"], "seconds": time.monotonic() - began}
            await (self._closed(pairs, step) if step["do"] == "closed" else self._open_loop(pairs, step))
            return self._result(time.monotonic() - began, time.process_time() - cpu)

    async def _ready_pairs(self, step: dict[str, Any]) -> list[Pair]:
        for number in range(len(self._pairs), step["pairs"]):
            pair = self._make_pair(self._crowd, number, self._on_done)
            await pair.open(self._port, self._origin)
            self._pairs.append(pair)
        pairs = self._pairs[: step["pairs"]]
        for pair in pairs if step["do"] != "flow" else ():
            pair.ready(-(-step["count"] // len(pairs)))
        self._done, self._sent, self._count, self._until = [], 0, step["count"], 0.0
        self._all_done.clear()
        return pairs

    async def _closed(self, pairs: list[Pair], step: dict[str, Any]) -> None:
        self._until = time.monotonic() + step["seconds"]
        for pair in pairs:
            for _ in range(step["window"]):
                self._send(pair)
        await asyncio.wait_for(self._all_done.wait(), SILENCE_SECONDS)

    async def _open_loop(self, pairs: list[Pair], step: dict[str, Any]) -> None:
        began = time.monotonic()
        for number in range(self._count):
            await asyncio.sleep(max(0.0, began + number / step["rate"] - time.monotonic()))
            self._send(pairs[number % len(pairs)], fresh=step["do"] == "flow")
        await asyncio.wait_for(self._all_done.wait(), SILENCE_SECONDS)

    def _send(self, pair: Pair, *, fresh: bool = False) -> None:
        self._sent += self._sent < self._count and pair.send(fresh=fresh)

    def _on_done(self, sent: Sent) -> None:
        self._done.append(sent)
        if time.monotonic() < self._until:
            self._send(sent.pair)
        if len(self._done) == self._sent and (self._until or self._sent == self._count):
            self._all_done.set()

    def _result(self, seconds: float, cpu: float) -> dict[str, Any]:
        delivered = sorted(sent.delivered_at - sent.sent_at for sent in self._done)
        accepted = sorted(sent.accepted_at - sent.sent_at for sent in self._done)
        times = {"delivery": delivered, "accepted": accepted}
        return {
            "messages": len(self._done),
            "seconds": seconds,
            "generator_cpu": cpu,
            "wrong": sum(pair.wrong for pair in self._pairs),
            **{f"{name}_p{part}_ms": _part(values, part) for name, values in times.items() for part in (50, 99)},
        }

    async def _beats(self, count: int) -> None:
        async def some(first: int) -> None:
            for number in range(first, count, BEATS_AT_ONCE):
                await self._idle[number % len(self._idle)].beat()

        await asyncio.gather(*map(some, range(BEATS_AT_ONCE)))

    async def _keep_idle(self, count: int) -> dict[str, Any]:
        for number in range(len(self._idle), count):
            self._idle.append(await self._open_one_idle(self._crowd, number, self._port, self._origin))
        for line in self._idle[count:]:
            line.close()
        del self._idle[count:]
        return {"idle": len(self._idle)}


@contextmanager
def _collecting_nothing() -> Iterator[None]:
    """A walk through all that a generator remembers takes up to a second, and would be measured as the server's."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _part(values: list[float], part: int) -> float:
    return round(1000 * values[min(len(values) - 1, len(values) * part // 100)], 2)


async def _line() -> str:
    return await asyncio.to_thread(sys.stdin.readline)


async def _say(result: dict[str, Any]) -> None:
    print(json.dumps(result), flush=True)


async def _main(wire: str, crowd: dict[str, Any], port: int, origin: str) -> int:
    load = Load(wire, crowd, port, origin)
    asyncio.get_running_loop().set_exception_handler(_fail)
    while line := await _line():
        await _say(await load.run(json.loads(line)))
    return 0


def _fail(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Whoever started this process reads why; nothing is left to be done here."""
    print(json.dumps({"failed": str(context.get("exception") or context["message"])}), flush=True)
    os._exit(1)


if __name__ == "__main__":
    of_wire, place, at_port, of_origin = sys.argv[1:]
    sys.exit(asyncio.run(_main(of_wire, json.loads(Path(place).read_text()), int(at_port), of_origin)))
