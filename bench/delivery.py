"""bin/bench delivery: one message persisted, handed to a live receiver and acknowledged to its sender, many times.

    --pairs 50,200       how many pairs talk at once
    --windows 1,8        messages in flight a pair, closed loop
    --seconds 4          how long a step lasts, about
    --rounds 3           the table shows medians
    --processes 1,2      server processes
    --idle 1000          sockets that only say hello, for the memory of one; 0 leaves it out
    --json FILE          every step of every round

Real envelopes, every rule on: login, membership, epoch, counter, idempotency, sequence; only the limit of messages a
minute is lifted. PostgreSQL (durable: fsync on) and Redis are started privately; the load comes from a process of its
own. CPU is what the server, PostgreSQL and Redis used together.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import processes
from tests.server import Server, running_server
from tests.services import postgresql, redis

DURABLE = ("fsync=on", "synchronous_commit=on", "shared_buffers=512MB")
WARM_UP_MESSAGES_A_PAIR = 20
OPEN_RATE = 100
NO_LIMIT = str(10**6)
PEOPLE, DEVICES = 150, 8  # for idle sockets
COLUMNS = (
    "server",
    "load",
    "msg/s",
    "CPU s/1k (app / db / redis)",
    "delivery p50 / p99 ms",
    "accepted p50 ms",
    "KiB an idle socket",
)


class Generator:
    """The load process; `step` returns what it measured."""

    def __init__(self, crowd: Path, server: Server) -> None:
        port = server.origin.rpartition(":")[2]
        command = [sys.executable, "-m", "bench.load", str(crowd), port, server.origin]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ready(self, **step: Any) -> None:
        """Everything up to the first message."""
        self._write(json.dumps(step))
        self._read()

    def go(self) -> dict[str, Any]:
        self._write("")
        return self._read()

    def ask(self, **step: Any) -> dict[str, Any]:
        self._write(json.dumps(step))
        return self._read()

    def end(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=30)

    def _write(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        found: dict[str, Any] = json.loads(line or '{"failed": "the generator ended"}')
        if "failed" in found:
            raise RuntimeError(found["failed"])
        return found


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    results: list[dict[str, Any]] = []
    for number in range(options.rounds):
        for count in options.processes:
            print(f"-- round {number + 1}, {count} process(es)", file=sys.stderr)
            results += [{"processes": count, **each} for each in _round(options, count)]
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=1))
    print(table(results))
    return int(any(each.get("wrong") for each in results))


def table(results: list[dict[str, Any]]) -> str:
    """Medians, a row a shape of load."""
    rows = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    for shape in dict.fromkeys((each["processes"], each["load"]) for each in results):
        rows.append(_row(*shape, [each for each in results if (each["processes"], each["load"]) == shape]))
    return "\n".join(rows)


def _row(count: int, load: str, found: list[dict[str, Any]]) -> str:
    def median(name: str) -> float:
        return statistics.median(each[name] for each in found)

    name = "llave" if count == 1 else f"llave, {count} processes"
    if load == "idle":
        return f"| {name} | {load} | | | | | {median('kib_a_socket'):.0f} |"
    parts = " / ".join(f"{median(part):.3f}" for part in ("app", "database", "redis"))
    times = f"{median('delivery_p50_ms'):.1f} / {median('delivery_p99_ms'):.1f} | {median('accepted_p50_ms'):.1f}"
    return f"| {name} | {load} | {median('rate'):.0f} | **{median('cpu'):.3f}** ({parts}) | {times} | |"


def _options(arguments: list[str]) -> argparse.Namespace:
    def numbers(text: str) -> list[int]:
        return [int(word) for word in text.split(",")]

    parser = argparse.ArgumentParser(
        "bin/bench delivery", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=numbers, default=[50, 200])
    parser.add_argument("--windows", type=numbers, default=[1, 8])
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=numbers, default=[1, 2])
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("--json")
    return parser.parse_args(arguments)


def _round(options: argparse.Namespace, count: int) -> Iterator[dict[str, Any]]:
    with _site(count) as server, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        crowd = Path(folder) / "crowd.json"
        people, devices = (PEOPLE, DEVICES) if options.idle else (0, 1)
        crowd.write_text(server.run("-m", "bench.crowd", str(max(options.pairs)), str(people), str(devices)))
        generator = Generator(crowd, server)
        try:
            roots = _roots(server)
            for pairs in options.pairs:
                yield from _closed(generator, roots, options, pairs)
            yield _step(generator, roots, f"{OPEN_RATE}/s", do="open", pairs=50, rate=OPEN_RATE, count=4 * OPEN_RATE)
            if options.idle:
                yield _idle(generator, roots, options.idle)
        finally:
            generator.end()


def _closed(
    generator: Generator, roots: dict[str, int], options: argparse.Namespace, pairs: int
) -> Iterator[dict[str, Any]]:
    for window in options.windows:
        step = {"do": "closed", "pairs": pairs, "window": window}
        warm = _step(generator, roots, "", count=WARM_UP_MESSAGES_A_PAIR * pairs, **step)
        yield _step(generator, roots, f"{pairs} x {window}", count=int(warm["rate"] * options.seconds), **step)


def _step(generator: Generator, roots: dict[str, int], load: str, **step: Any) -> dict[str, Any]:
    generator.ready(**step)
    before = processes.cpu_seconds(roots)
    result = generator.go()
    used = {name: seconds - before[name] for name, seconds in processes.cpu_seconds(roots).items()}
    thousands = result["messages"] / 1000
    costs = {name: seconds / thousands for name, seconds in used.items()}
    return {"load": load, "rate": result["messages"] / result["seconds"], "cpu": sum(costs.values()), **costs, **result}


def _idle(generator: Generator, roots: dict[str, int], count: int) -> dict[str, Any]:
    opened = generator.ask(do="idle", count=20)["idle"]
    before = processes.memory_kib([roots["app"]])
    more = generator.ask(do="idle", count=count)["idle"] - opened
    return {"load": "idle", "kib_a_socket": (processes.memory_kib([roots["app"]]) - before) / more}


@contextmanager
def _site(count: int) -> Iterator[Server]:
    """The product on PostgreSQL and Redis of its own."""
    options = [] if count == 1 else ["--processes", str(count)]
    with postgresql(*DURABLE) as postgres, redis() as redis_url, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        settings = {"DATABASE_URL": f"{postgres}/accounts", "REDIS_URL": redis_url, "POSTS_PER_MINUTE": NO_LIMIT}
        with running_server(Path(folder), *options, **settings) as server:
            yield server


def _roots(server: Server) -> dict[str, int]:
    me = os.getpid()
    database, memory = (processes.named_child(name, of=me) for name in ("postgres", "redis-server"))
    return {"app": server.pid, "database": database, "redis": memory}
