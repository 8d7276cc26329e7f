"""bin/bench scaling: what more people need, by a simulation whose constants were measured.

    --per-hour 12        messages a connected person writes in the busiest hour
    --seconds 20         simulated time of a process
    --seed 1
    --plot FOLDER        two SVGs

One server process is simulated event by event: frames come at random, one thread takes them, a batch commits while the
next one gathers, answers and news go out by the same thread. What many processes use is added up from that, with the
publications through Redis, the heartbeats of each socket (every 25 s) and the checks of its login (every 3 s).
"""

import argparse
import heapq
import math
import random
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import plots

HEARTBEAT_SECONDS, RECHECK_SECONDS = 25.0, 3.0
MAX_BATCH = 400
BUSY = 0.7  # of its thread, at most, so that a process can catch up
SHAPES = (("one process", 1), ("one machine", 6), ("ten machines", 60), ("a hundred machines", 600))
MEASURED_RATE = 7_800  # messages a second that one process took at 50 x 8: what lies above was seen by nobody
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Costs:
    """Milliseconds of one core on the machine of docs/performance.md; docs/scaling.md says where each comes from."""

    take: float = 0.05  # a frame in: parse, judge
    give: float = 0.05  # two frames out, and now and then an acknowledgement in
    app_batch: float = 1.6  # of the thread, for a batch of any size: at 100/s each message is one
    wait_batch: float = 1.5  # two round trips and a flush to disk: the thread does other things
    wait_row: float = 0.02
    db_row: float = 0.04
    db_batch: float = 0.83
    publish: float = 0.25  # one publication at its sender and at its receiver
    redis: float = 0.02
    beat_app: float = 1.45  # ten together
    beat_db: float = 0.36
    recheck_app: float = 0.009  # a thousand together, of five the one to which somebody has come
    recheck_db: float = 0.008
    socket_kib: float = 28.0
    base_mib: float = 80.0
    neighbour_bytes: float = 450.0  # of one person elsewhere, in every process's table of who is where


@dataclass(frozen=True, slots=True)
class Found:
    """One simulated process at one rate. Milliseconds."""

    batch: float
    busy: float
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Needs:
    """Of a whole installation at its busiest. Cores, but `busy` is the share of a process's one thread."""

    people: int
    processes: int
    rate: float
    process: Found
    busy: float
    database: float
    redis: float
    publications: float
    memory_mib: float


def simulate(rate: float, costs: Costs, *, extra: float = 0.0, seconds: float, seed: int) -> Found:
    """A process that gets `rate` messages a second; `extra`: the share of its thread that other work takes."""
    chance, slow = random.Random(seed), 1 / max(0.05, 1 - extra)
    now = free = used = 0.0
    commits_at = math.inf
    arrivals, waiting, committing = _arrivals(rate, seconds, chance), list[float](), list[float]()
    latencies, batches = list[float](), list[int]()
    coming: list[tuple[float, int, float]] = []
    for number, at in enumerate(arrivals):
        heapq.heappush(coming, (at, number, at))
    while coming or waiting or committing:
        now = min(coming[0][0] if coming else math.inf, commits_at)
        if now == commits_at:
            done, committing, commits_at = committing, [], math.inf
            free = max(free, now) + costs.give * len(done) * slow
            used += costs.give * len(done)
            latencies += [free - at for at in done]
        else:
            _at, _number, at = heapq.heappop(coming)
            free, used = max(free, now) + costs.take * slow, used + costs.take
            waiting.append(at)
        if waiting and not committing:
            committing, waiting = waiting[:MAX_BATCH], waiting[MAX_BATCH:]
            batches.append(len(committing))
            free, used = max(free, now) + costs.app_batch * slow, used + costs.app_batch
            commits_at = free + costs.wait_batch + costs.wait_row * len(committing)
    latencies.sort()
    span = max(free, 1000 * seconds)
    part = len(latencies) * 99 // 100
    return Found(statistics.mean(batches), used / span, statistics.median(latencies), latencies[part])


def _arrivals(rate: float, seconds: float, chance: random.Random) -> Iterator[float]:
    """At random, in milliseconds."""
    at = 0.0
    while (at := at + 1000 * chance.expovariate(rate)) < 1000 * seconds:
        yield at


def needs(people: int, processes: int, costs: Costs, options: argparse.Namespace) -> Needs:
    rate = people * options.per_hour / 3600
    mine, sockets = rate / processes, people / processes
    idle = sockets * (costs.beat_app / HEARTBEAT_SECONDS + costs.recheck_app / RECHECK_SECONDS) / 1000
    process = simulate(mine, costs, extra=min(idle, 0.95), seconds=options.seconds, seed=options.seed)
    batches = rate / process.batch
    targets = (processes - 1) * (1 - (1 - 1 / processes) ** process.batch)
    published = batches * targets
    passing = costs.publish * published / processes / 1000
    beats = people * (costs.beat_db / HEARTBEAT_SECONDS + costs.recheck_db / RECHECK_SECONDS) / 1000
    return Needs(
        people=people,
        processes=processes,
        rate=rate,
        process=process,
        busy=process.busy + idle + passing,
        database=beats + (rate * costs.db_row + batches * costs.db_batch) / 1000,
        redis=published * costs.redis / 1000,
        publications=published,
        memory_mib=costs.base_mib + sockets * costs.socket_kib / 1024 + people * costs.neighbour_bytes / 2**20,
    )


def most_people(processes: int, costs: Costs, options: argparse.Namespace) -> Needs:
    """As many as so many processes carry while each is busy for BUSY of the time at most."""
    few, many = 100 * processes, 200_000 * processes
    while many - few > 50 * processes:
        middle = (few + many) // 2
        few, many = (middle, many) if needs(middle, processes, costs, options).busy <= BUSY else (few, middle)
    return needs(few, processes, costs, options)


def main(arguments: list[str]) -> int:
    options, costs = _options(arguments), Costs()
    rows = [(name, most_people(count, costs, options)) for name, count in SHAPES]
    rows.append(("a million people", _for_a_million(costs, options)))
    print(_table(rows))
    if options.plot:
        _plot(Path(options.plot), costs, options)
    return 0


def _for_a_million(costs: Costs, options: argparse.Namespace) -> Needs:
    count = next(count for count in range(50, 2_000, 10) if needs(MILLION, count, costs, options).busy <= BUSY)
    return needs(MILLION, count, costs, options)


COLUMNS = (
    "",
    "people connected",
    "processes",
    "msg/s",
    "batch",
    "delivery p50 / p99 ms",
    "busy",
    "MiB a process",
    "database cores",
    "publications/s",
    "Redis cores",
)


def _table(rows: list[tuple[str, Needs]]) -> str:
    lines = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    for name, each in rows:
        times = f"{each.process.p50:.1f} / {each.process.p99:.1f}"
        lines.append(
            f"| {name} | {each.people:,} | {each.processes} | {each.rate:,.0f} | {each.process.batch:.1f} | {times} |"
            f" {each.busy:.2f} | {each.memory_mib:,.0f} | {each.database:.1f} | {each.publications:,.0f} |"
            f" {each.redis:.2f} |"
        )
    return "\n".join(lines)


def _plot(folder: Path, costs: Costs, options: argparse.Namespace) -> None:
    rates = [10, 30, 100, 300, 1_000, 3_000, MEASURED_RATE]
    found = [(rate, simulate(rate, costs, seconds=options.seconds, seed=options.seed)) for rate in rates]
    series = {name: [(rate, getattr(each, name)) for rate, each in found] for name in ("p50", "p99", "batch")}
    drawn = plots.lines(
        "One process: delivery and size of a batch", series, across="messages a second", up="ms, messages"
    )
    (folder / "scaling-process.svg").write_text(drawn)
    counts = [1, 2, 4, 8, 16, 32, 64, 128, 256]
    sizes = [most_people(count, costs, options) for count in counts]
    shares = {
        "people / 1,000": [(each.processes, each.people / 1000) for each in sizes],
        "database cores": [(each.processes, each.database) for each in sizes],
        "MiB a process": [(each.processes, each.memory_mib) for each in sizes],
    }
    drawn = plots.lines("What more processes carry and need", shares, across="server processes", up="")
    (folder / "scaling-processes.svg").write_text(drawn)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "bin/bench scaling", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--per-hour", type=float, default=12.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plot")
    return parser.parse_args(arguments)
