"""bin/bench cost: how what a message costs grows with what there is, and what reading costs.

    --conversations 10,100,1000,10000     that are talked in, by few people
    --events 1000,...,10000000            that lie in the database already (of {size} bytes each)
    --connections 10,100,1000,5000        sockets that are open and idle
    --rate 400                            messages a second, always the same, so that batches are alike
    --people 10000, --list 500            for reading: in the list of people, in that of conversations
    --plot FOLDER                         an SVG of each growth

One process of the product on a private, durable PostgreSQL and Redis. "Flat" is the costliest over the cheapest.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
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
    print(_table(growths))
    print(f"\nA heartbeat: {beat['cpu']:.2f} CPU ms ({beat['app']:.2f} app, {beat['database']:.2f} database)")
    print(_reads(reads))
    if options.plot:
        for name, growth in growths.items():
            series = {part: [(size, found[part]) for size, found in growth] for part in ("cpu", "app", "database")}
            drawn = plots.lines("CPU seconds for 1,000 messages", series, across=name, up="s")
            (Path(options.plot) / f"cost-{name.replace(' ', '-')}.svg").write_text(drawn)
    return int(any(found["wrong"] for growth in growths.values() for _size, found in growth))


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
        growth.append((count, _steady(generator, PAIRS, options.rate)))
    beat = generator.step(do="beats", count=BEATS)
    generator.keep(0)
    return growth, beat


def _conversations(place: Stage, contender: Contender, folder: Path, options: argparse.Namespace) -> Growth:
    people = contender.crowd["people"][2 * PAIRS :][:PEOPLE_OF_MESH]  # the pairs before them have talked
    talks = mesh(place.url(contender.name), people, max(options.conversations))
    crowd = {"people": people, "conversations": talks}
    with generating(contender.speaking("mesh", crowd), folder) as generator:
        _steady(generator, min(options.conversations), options.rate)
        return [(count, _steady(generator, count, options.rate)) for count in options.conversations]


def _events(place: Stage, contender: Contender, generator: Generator, options: argparse.Namespace) -> Growth:
    past, growth = Past(place.url(contender.name)), []
    for count in options.events:
        print(f"-- {count:,} stored events", file=sys.stderr)
        past.grow(count)
        _steady(generator, PAIRS, options.rate)
        growth.append((count, _steady(generator, PAIRS, options.rate)))
    return growth


def _steady(generator: Generator, pairs: int, rate: int) -> dict[str, Any]:
    return generator.step(do="open", pairs=pairs, rate=rate, count=max(LEAST_MESSAGES, pairs, rate * SECONDS))


def _table(growths: dict[str, Growth]) -> str:
    lines = [
        "| what grows | to | CPU s/1k (app / db / redis) | delivery p50 / p99 ms | flat |",
        "|---|---|---|---|---|",
    ]
    for name, growth in growths.items():
        for size, found in growth:
            parts = " / ".join(f"{found[part]:.2f}" for part in ("app", "database", "redis"))
            times = f"{found['delivery_p50_ms']:.1f} / {found['delivery_p99_ms']:.1f}"
            lines.append(f"| {name} | {size:,} | **{found['cpu']:.2f}** ({parts}) | {times} | |")
        lines.append(f"| {name} | | | | {_flat(found['cpu'] for _size, found in growth)} |")
    return "\n".join(lines)


def _flat(costs: Iterable[float]) -> str:
    found = list(costs)
    ratio = max(found) / min(found) if found else 0.0
    return f"{ratio:.2f} times: {'flat' if ratio <= FLAT else 'not flat'}"


def _reads(found: dict[str, dict[str, float]]) -> str:
    lines = ["", "| read | queries | p50 ms | worst ms |", "|---|---|---|---|"]
    for name, each in found.items():
        lines.append(f"| {name} | {each['queries']:.0f} | {each['p50_ms']:.1f} | {each['worst_ms']:.1f} |")
    return "\n".join(lines)


def _options(arguments: list[str]) -> argparse.Namespace:
    def numbers(text: str) -> list[int]:
        return [int(word) for word in text.split(",") if word]

    described = (__doc__ or "").format(size=BLOB_BYTES)
    parser = argparse.ArgumentParser(
        "bin/bench cost", description=described, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--conversations", type=numbers, default=[10, 100, 1_000, 10_000])
    parser.add_argument("--events", type=numbers, default=[10**3, 10**4, 10**5, 10**6, 10**7])
    parser.add_argument("--connections", type=numbers, default=[10, 100, 1_000, 5_000])
    parser.add_argument("--rate", type=int, default=400)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--list", type=int, default=500)
    parser.add_argument("--plot")
    return parser.parse_args(arguments)
