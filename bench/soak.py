"""bin/bench soak: half load for a long time: memory flat, latency steady, no invariant violated.

    --minutes 30
    --rate N          messages a second; default: where the busiest of all (the server's threads, the generator, all
                      cores together) is so for half of the time
    --processes 1     server processes
    --json FILE       every interval

A table of about twenty intervals, then the verdicts. Everything that was told to a sender or a receiver is remembered
and compared with what the server has in the end, by the checker of `tests/faults` (I1 to I8). Each million messages
are three GB of database and a quarter of one in the generator, and take a minute or two to check. Half an hour leaves
one or more. Exit status 1: a verdict does not hold.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import processes
from bench.contenders import llave
from bench.generator import Generator, generating
from bench.stage import stage

PAIRS, WINDOW, INTERVALS = 50, 8, 20
WARM_UP_SECONDS = 4.0
HALF, NEARER = 0.5, 4
MOST_GROWTH = 1.10  # of memory, from the second quarter to the last
MOST_DRIFT = 1.5  # of the median latency, likewise; the machine's own swing is a quarter
COLUMNS = ("minute", "msg/s", "load", "CPU s/1k", "generator's", "delivery p50 / p99 ms", "server MiB")


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    with stage(PAIRS, 0) as place, tempfile.TemporaryDirectory(prefix="bench-") as name:
        contender = llave(place, processes=options.processes).speaking("witness")
        with generating(contender, Path(name)) as generator:
            rate = options.rate or _half_load(generator)
            found = _intervals(generator, contender.roots["app"], rate, 60 * options.minutes)
            checked = generator.ask(do="check")
    if options.json:
        Path(options.json).write_text(json.dumps({"intervals": found, **checked}, indent=1))
    verdicts = _verdicts(found, checked)
    print("\n".join([f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|", *map(_row, found), ""]))
    print("\n".join(f"{'holds' if held else 'DOES NOT HOLD'}: {text}" for text, held in verdicts))
    print("\n".join(checked["violations"][:20]))
    return int(not all(held for _text, held in verdicts))


def _half_load(generator: Generator) -> int:
    """Half of the highest rate would be far more than half a load: batches grow with the rate, and a message in a large
    one costs a tenth of a lone one. So it is found by coming nearer.
    """
    closed = {"do": "closed", "pairs": PAIRS, "window": WINDOW}
    rate = int(generator.step(count=20 * PAIRS, seconds=WARM_UP_SECONDS, **closed)["rate"] / 4)
    for _ in range(NEARER):
        found = generator.step(do="flow", pairs=PAIRS, rate=rate, count=round(rate * WARM_UP_SECONDS))
        rate = int(found["rate"] * HALF / _load(found))
    return rate


def _load(found: dict[str, Any]) -> float:
    """How busy the busiest is, 1.0: all the time."""
    server: float = found["app"] * found["rate"] / 1000 / found["threads"]
    generator: float = found["generator_cpu"] / found["seconds"]
    return max(server, generator, (found["cores"] + generator) / (os.cpu_count() or 1))


def _intervals(generator: Generator, app: int, rate: int, seconds: float) -> list[dict[str, Any]]:
    began, found = time.monotonic(), list[dict[str, Any]]()
    count = max(rate, round(rate * seconds / INTERVALS))
    while time.monotonic() - began < seconds:
        result = generator.step(do="flow", pairs=PAIRS, rate=rate, count=count)
        memory = processes.memory_kib([app]) / 1024
        found.append({"minute": (time.monotonic() - began) / 60, "server_mib": memory, **result})
        print(_row(found[-1]), file=sys.stderr, flush=True)
    return found


def _row(found: dict[str, Any]) -> str:
    times = f"{found['delivery_p50_ms']:.1f} / {found['delivery_p99_ms']:.1f}"
    generator = 1000 * found["generator_cpu"] / found["messages"]
    return (
        f"| {found['minute']:.1f} | {found['rate']:,.0f} | {_load(found):.2f} | {found['cpu']:.3f} | {generator:.3f} "
        f"| {times} | {found['server_mib']:.1f} |"
    )


def _verdicts(found: list[dict[str, Any]], checked: dict[str, Any]) -> list[tuple[str, bool]]:
    quarter = max(1, len(found) // 4)
    early, late = found[quarter : 2 * quarter] or found[:1], found[-quarter:]

    def grown(name: str) -> float:
        return statistics.median(each[name] for each in late) / statistics.median(each[name] for each in early)

    memory, drift = grown("server_mib"), grown("delivery_p50_ms")
    wrong = sum(each["wrong"] for each in found[-1:])
    return [
        (f"memory is flat: {memory:.2f} times from the second quarter to the last", memory <= MOST_GROWTH),
        (f"latency does not drift: p50 {drift:.2f} times", drift <= MOST_DRIFT),
        (f"order and content: {wrong} wrong", not wrong),
        (
            f"invariants of {checked['events']:,} events: {len(checked['violations'])} violations",
            not checked["violations"],
        ),
    ]


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "bin/bench soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=int)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--json")
    return parser.parse_args(arguments)
