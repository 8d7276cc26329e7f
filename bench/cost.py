"""bin/bench cost: how what a message costs grows with what there is, and what reading costs.

    --conversations 10,100,1000,10000     that are talked in, by few people
    --events 1000,...,10000000            that lie in the database already (of {size} bytes each)
    --connections 10,100,1000,5000        sockets of people who do not talk, without heartbeats: those are told apart
    --rate 400                            messages a second, always the same, so that batches are alike
    --rounds 3                            of each size, one after the other; the table shows medians
    --people 10000, --list 500            for reading: in the list of people, in that of conversations
    --plot FOLDER                         an SVG of each growth

One process of the product on a private, durable PostgreSQL and Redis. "Flat" is the costliest over the cheapest; above
{flat} the exit status is 1. About a quarter of an hour on two quiet cores; other work there spoils the ratios.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import plots
from bench.contenders import llave
from bench.generator import Generator, generating
from bench.prefill import BLOB_BYTES, Past, mesh
from bench.stage import Contender, Stage, stage

PEOPLE_OF_MESH = 145
PAIRS, LEAST_MESSAGES, SECONDS = 50, 2_000, 5
BEATS = 2_000
FLAT = 1.5
Growth = list[tuple[int, dict[str, Any]]]


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    with _product(options) as (place, contender, folder):
        growths = {"conversations": _conversations(place, contender, folder, options)}
        with generating(contender, folder) as generator:
            growths["connections"], beat = _connections(generator, options)
            growths["stored events"] = _events(place, contender, generator, options)
        assert contender.run
        reads = json.loads(contender.run("-m", "bench.reads", str(options.people), str(options.list)))
    print(_table(growths, options.rounds))
    print(f"\nA heartbeat: {beat['cpu']:.2f} CPU ms ({beat['app']:.2f} app, {beat['database']:.2f} database)")
    print(_reads(reads))
    if options.plot:
        for name, growth in growths.items():
            series = {part: [(size, found[part]) for size, found in growth] for part in ("cpu", "app", "database")}
            drawn = plots.lines("CPU seconds for 1,000 messages", series, across=name, up="s")
            (Path(options.plot) / f"cost-{name.replace(' ', '-')}.svg").write_text(drawn)
    return int(not all(_is_flat(growth) and not _wrong(growth) for growth in growths.values()))


@contextmanager
def _product(options: argparse.Namespace) -> Iterator[tuple[Stage, Contender, Path]]:
    people = 2 * PAIRS + PEOPLE_OF_MESH
    with stage(PAIRS, max(options.connections), people) as place, tempfile.TemporaryDirectory(prefix="bench-") as name:
        yield place, llave(place), Path(name)


def _connections(generator: Generator, options: argparse.Namespace) -> tuple[Growth, dict[str, Any]]:
    """And what 1,000 heartbeats cost with the most of them."""
    growth = []
    _steady(generator, PAIRS, options.rate)
    for count in options.connections:
        generator.keep(count)
        growth.append((count, _measured(generator, PAIRS, options)))
    beat = generator.step(do="beats", count=BEATS)
    generator.keep(0)
    return growth, beat


def _conversations(place: Stage, contender: Contender, folder: Path, options: argparse.Namespace) -> Growth:
    people = contender.crowd["people"][2 * PAIRS :][:PEOPLE_OF_MESH]  # the pairs before them have talked
    talks = mesh(place.url(contender.name), people, max(options.conversations))
    crowd = {"people": people, "conversations": talks}
    with generating(contender.speaking("mesh", crowd), folder) as generator:
        _steady(generator, min(options.conversations), options.rate)
        return [(count, _measured(generator, count, options)) for count in options.conversations]


def _events(place: Stage, contender: Contender, generator: Generator, options: argparse.Namespace) -> Growth:
    past, growth = Past(place.url(contender.name)), []
    for count in options.events:
        print(f"-- {count:,} stored events", file=sys.stderr)
        past.grow(count)
        _steady(generator, PAIRS, options.rate)
        growth.append((count, _measured(generator, PAIRS, options)))
    return growth


def _measured(generator: Generator, pairs: int, options: argparse.Namespace) -> dict[str, Any]:
    """The median of every number of so many rounds, but all that was wrong."""
    rounds = [_steady(generator, pairs, options.rate) for _ in range(options.rounds)]
    medians = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    return {**medians, "wrong": max(each["wrong"] for each in rounds)}


def _steady(generator: Generator, pairs: int, rate: int) -> dict[str, Any]:
    return generator.step(do="open", pairs=pairs, rate=rate, count=max(LEAST_MESSAGES, pairs, rate * SECONDS))


def _table(growths: dict[str, Growth], rounds: int) -> str:
    lines = [
        f"Medians of {rounds}. Idle sockets send no heartbeats while they are measured.",
        "",
        "| what grows | to | CPU s/1k (app / db / redis) | delivery p50 / p99 ms | flat |",
        "|---|---|---|---|---|",
    ]
    for name, growth in growths.items():
        for size, found in growth:
            parts = " / ".join(f"{found[part]:.2f}" for part in ("app", "database", "redis"))
            times = f"{found['delivery_p50_ms']:.1f} / {found['delivery_p99_ms']:.1f}"
            lines.append(f"| {name} | {size:,} | **{found['cpu']:.2f}** ({parts}) | {times} | |")
        said = "flat" if _is_flat(growth) else "not flat"
        lines.append(f"| {name} | | | | {_steepness(growth):.2f} times: {said} |")
    return "\n".join(lines)


def _steepness(growth: Growth) -> float:
    """The costliest message over the cheapest; 1 for a growth that was left out."""
    costs = [found["cpu"] for _size, found in growth]
    return max(costs) / min(costs) if costs else 1.0


def _is_flat(growth: Growth) -> bool:
    return _steepness(growth) <= FLAT


def _wrong(growth: Growth) -> bool:
    return any(found["wrong"] for _size, found in growth)


def _reads(found: dict[str, dict[str, float]]) -> str:
    lines = ["", "| read | queries | p50 ms | worst ms |", "|---|---|---|---|"]
    for name, each in found.items():
        lines.append(f"| {name} | {each['queries']:.0f} | {each['p50_ms']:.1f} | {each['worst_ms']:.1f} |")
    return "\n".join(lines)


def _options(arguments: list[str]) -> argparse.Namespace:
    def numbers(text: str) -> list[int]:
        return [int(word) for word in text.split(",") if word]

    described = (__doc__ or "").format(size=BLOB_BYTES, flat=FLAT)
    parser = argparse.ArgumentParser(
        "bin/bench cost", description=described, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--conversations", type=numbers, default=[10, 100, 1_000, 10_000])
    parser.add_argument("--events", type=numbers, default=[10**3, 10**4, 10**5, 10**6, 10**7])
    parser.add_argument("--connections", type=numbers, default=[10, 100, 1_000, 5_000])
    parser.add_argument("--rate", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--list", type=int, default=500)
    parser.add_argument("--plot")
    return parser.parse_args(arguments)
