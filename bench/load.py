"""The generator, a process of its own: `python -m bench.load CROWD.json PORT ORIGIN`.

Reads steps from standard input, one JSON object a line, and answers each with one line: `ready` when everything is
sealed and the step may begin (an empty line starts it), then the result.

    {"do": "closed", "pairs", "window", "count"}      each pair keeps `window` messages in flight
    {"do": "open", "pairs", "rate", "count"}          `rate` messages a second over all pairs
    {"do": "idle", "count"}                           so many more sockets that say hello and nothing else
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from bench.talkers import Pair, Sent, device, open_line

SILENCE_SECONDS = 30.0


class Load:
    def __init__(self, crowd: dict[str, Any], port: int, origin: str) -> None:
        self._crowd, self._port, self._origin = crowd, port, origin
        self._pairs: list[Pair] = []
        self._idle: list[Any] = []
        self._done: list[Sent] = []
        self._left = 0
        self._all_done = asyncio.Event()
        self._window_is_open = False

    async def run(self, step: dict[str, Any]) -> dict[str, Any]:
        if step["do"] == "idle":
            return await self._open_idle(step["count"])
        pairs = await self._ready_pairs(step)
        await _say({"ready": True})
        await _line()
        began, cpu = time.monotonic(), time.process_time()
        await (self._closed(pairs, step) if step["do"] == "closed" else self._open_loop(pairs, step))
        return self._result(time.monotonic() - began, time.process_time() - cpu)

    async def _ready_pairs(self, step: dict[str, Any]) -> list[Pair]:
        people, conversations = self._crowd["people"], self._crowd["conversations"]
        for number in range(len(self._pairs), step["pairs"]):
            talk, one, other = conversations[number], people[2 * number], people[2 * number + 1]
            pair = Pair(talk["cid"], bytes.fromhex(talk["th"]), device(one), device(other), self._on_done)
            await pair.open(self._port, self._origin)
            self._pairs.append(pair)
        pairs = self._pairs[: step["pairs"]]
        for pair in pairs:
            pair.seal(step["count"] // len(pairs))
        self._done, self._left = [], step["count"] // len(pairs) * len(pairs)
        self._all_done.clear()
        return pairs

    async def _closed(self, pairs: list[Pair], step: dict[str, Any]) -> None:
        self._window_is_open = True
        for pair in pairs:
            for _ in range(step["window"]):
                pair.send()
        await asyncio.wait_for(self._all_done.wait(), SILENCE_SECONDS)

    async def _open_loop(self, pairs: list[Pair], step: dict[str, Any]) -> None:
        self._window_is_open = False
        began = time.monotonic()
        for number in range(self._left):
            await asyncio.sleep(max(0.0, began + number / step["rate"] - time.monotonic()))
            pairs[number % len(pairs)].send()
        await asyncio.wait_for(self._all_done.wait(), SILENCE_SECONDS)

    def _on_done(self, sent: Sent) -> None:
        self._done.append(sent)
        if self._window_is_open:
            sent.pair.send()
        if len(self._done) == self._left:
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

    async def _open_idle(self, count: int) -> dict[str, Any]:
        people = self._crowd["people"]
        places = [(person, number) for number in range(1, len(people[0]["dids"])) for person in people]
        for person, number in places[len(self._idle) : len(self._idle) + count]:
            welcomed = asyncio.Event()
            line = await open_line(
                self._port, self._origin, device(person, number), lambda _text, welcomed=welcomed: welcomed.set()
            )
            await asyncio.wait_for(welcomed.wait(), SILENCE_SECONDS)
            self._idle.append(line)
        return {"idle": len(self._idle)}


def _part(values: list[float], part: int) -> float:
    return round(1000 * values[min(len(values) - 1, len(values) * part // 100)], 2)


async def _line() -> str:
    return await asyncio.to_thread(sys.stdin.readline)


async def _say(result: dict[str, Any]) -> None:
    print(json.dumps(result), flush=True)


async def _main(crowd: dict[str, Any], port: int, origin: str) -> int:
    load = Load(crowd, port, origin)
    asyncio.get_running_loop().set_exception_handler(_fail)
    while line := await _line():
        await _say(await load.run(json.loads(line)))
    return 0


def _fail(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    print(json.dumps({"failed": str(context.get("exception") or context["message"])}), flush=True)
    loop.stop()


if __name__ == "__main__":
    place, at_port, of_origin = sys.argv[1:]
    sys.exit(asyncio.run(_main(json.loads(Path(place).read_text()), int(at_port), of_origin)))
