"""bin/bench delivery: one message persisted, handed to a live receiver and acknowledged to its sender, many times.

    --only NAME,...      of: {names}
    --pairs 50,200       how many pairs talk at once
    --windows 1,8        messages in flight a pair, closed loop
    --seconds 2.5        how long a step lasts, about
    --rounds 3           the table shows medians
    --idle 1000          sockets that only say hello, for the memory of one; 0 leaves it out
    --json FILE          every step of every round
    --plot FILE          the medians as an SVG
    --into FILE          put the tables between the two marks in a text: docs/performance.md has them

All servers stand on one private PostgreSQL (durable: fsync on), each with a database of its own, and take turns in each
round; a checkpoint comes before each open loop, so that it does not pay for the closed ones. Ours keep every rule:
login, membership, epoch, counter, idempotency, sequence, real envelopes; only the limit of messages a minute is lifted.
Prosody and ejabberd archive each message (Debian packages, installed when this is root); XEP-0198 acknowledges. The
load comes from a process of its own. CPU is what the server, PostgreSQL and Redis used.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import plots, table
from bench.contenders import CONTENDERS, start
from bench.generator import Generator
from bench.limits import Limits
from bench.stage import Contender, Stage, stage

WARM_UP_SECONDS, WARM_UP_MESSAGES_A_PAIR = 1.0, 20
OPEN_PAIRS, OPEN_SECONDS = 50, 12
QUEUE_SECONDS = 4.0  # a load that the server would need so long to work off once is left out


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    with stage(max(options.pairs), options.idle) as place, tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        contenders = start(place, options.only)
        generators = {each.name: Generator(each, folder) for each in contenders}
        limits = Limits(place, folder)
        results: list[dict[str, Any]] = []
        failures: list[str] = []
        try:
            for number in range(options.rounds):
                for each in contenders:
                    print(f"-- round {number + 1}, {each.name}", file=sys.stderr)
                    generators[each.name] = generators[each.name].living()
                    try:
                        results += list(_turn(place, generators[each.name], each, options, is_first=number == 0))
                    except RuntimeError as error:  # this server's turn is lost, not the run of all
                        failures.append(f"{each.name}, round {number + 1}: {error}")
                        print(f"-- {failures[-1]}", file=sys.stderr)
                        generators[each.name] = generators[each.name].again()
                results += limits.measure(options.seconds)
                if options.json:
                    Path(options.json).write_text(json.dumps(results, indent=1))
        finally:
            for generator in generators.values():
                generator.end()
    if options.plot:
        Path(options.plot).write_text(plots.delivery(table.medians(results)))
    shown = "\n".join([table.markdown(results), *(f"\nLeft out: {each}." for each in failures)])
    if options.into:
        table.put_into(Path(options.into), shown)
    print(shown)
    return int(any(each.get("wrong") for each in results))


def _turn(
    place: Stage, generator: Generator, contender: Contender, options: argparse.Namespace, *, is_first: bool
) -> Iterator[dict[str, Any]]:
    """One round of one contender."""
    for pairs in options.pairs:
        for window in options.windows:
            yield from _closed(generator, contender.name, options.seconds, pairs, window)
    pairs, rate = min(OPEN_PAIRS, *options.pairs), contender.open_rate
    place.settle()
    found = generator.step(do="open", pairs=pairs, rate=rate, count=OPEN_SECONDS * rate)
    yield {"contender": contender.name, "load": f"{rate}/s", **found}
    if options.idle and contender.idle and is_first:
        yield {"contender": contender.name, "load": "idle", **generator.idle(options.idle)}


def _closed(generator: Generator, name: str, seconds: float, pairs: int, window: int) -> Iterator[dict[str, Any]]:
    """Warm, then as many messages as take about so many seconds."""
    step = {"do": "closed", "pairs": pairs, "window": window}
    warm = generator.step(count=WARM_UP_MESSAGES_A_PAIR * pairs, seconds=WARM_UP_SECONDS, **step)
    if pairs * window < warm["rate"] * QUEUE_SECONDS:
        found = generator.step(count=int(1.2 * warm["rate"] * seconds) + pairs, seconds=seconds, **step)
        yield {"contender": name, "load": f"{pairs} x {window}", **found}


def _options(arguments: list[str]) -> argparse.Namespace:
    def numbers(text: str) -> list[int]:
        return [int(word) for word in text.split(",")]

    def names(text: str) -> list[str]:
        found = text.split(",")
        if not set(found) <= set(CONTENDERS):
            raise argparse.ArgumentTypeError(f"choose from {', '.join(CONTENDERS)}")
        return found

    def count(text: str) -> int:
        if not text.isdecimal():
            raise argparse.ArgumentTypeError("0 or more")
        return int(text)

    described = (__doc__ or "").format(names=", ".join(CONTENDERS))
    parser = argparse.ArgumentParser(
        "bin/bench delivery", description=described, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", type=names, default=list(CONTENDERS))
    parser.add_argument("--pairs", type=numbers, default=[50, 200])
    parser.add_argument("--windows", type=numbers, default=[1, 8])
    parser.add_argument("--seconds", type=float, default=2.5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--idle", type=count, default=1000)
    parser.add_argument("--json")
    parser.add_argument("--plot")
    parser.add_argument("--into")
    return parser.parse_args(arguments)
