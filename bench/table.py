"""What `bin/bench delivery` found, as one table: medians, what limits each row, and the aims in the same run."""

import os
import re
import statistics
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

Rows = dict[tuple[str, str], dict[str, float]]
COLUMNS = (
    "server",
    "load",
    "msg/s",
    "CPU s/1k (app / db / redis)",
    "delivery p50 / p99 ms",
    "accepted p50 ms",
    "cores",
    "limited by",
)
MEASURED = ("rate", "cpu", "app", "database", "redis", "cores", "delivery_p50_ms", "delivery_p99_ms", "accepted_p50_ms")
IDLE = ("kib_a_socket", "login_ms")
IDLE_CAPTION = "Idle sockets, each number measured once, in the first round:"
BEGIN, END = "<!-- bin/bench delivery --into -->", "<!-- end -->"
HEADLINE, MODEST = "50 x 8", "100/s"
BUSY = 0.85  # of what may be used
CLIENTS = re.compile(r"(\d+) clients?")  # as `bench.limits` names its loads


def medians(results: Iterable[dict[str, Any]]) -> Rows:
    """By contender and load, in the order in which they came."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for each in results:
        found.setdefault((each["contender"], each["load"]), []).append(each)
    names = (*MEASURED, "generator_cpu", "seconds", "threads", *IDLE)
    return {
        shape: {name: statistics.median(each.get(name, 0.0) for each in rounds) for name in names}
        for shape, rounds in found.items()
    }


def markdown(results: Iterable[dict[str, Any]]) -> str:
    rows = medians(results)
    lines = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    lines += [_row(*shape, found) for shape, found in rows.items() if shape[1] != "idle"]
    idle = {name: found for (name, load), found in rows.items() if load == "idle"}
    if idle:
        lines += ["", IDLE_CAPTION, "", "| server | KiB an idle socket | CPU ms to open one |", "|---|---|---|"]
        lines += [f"| {name} | {each['kib_a_socket']:.0f} | {each['login_ms']:.1f} |" for name, each in idle.items()]
    return "\n".join([*lines, "", *aims(rows)])


def put_into(place: Path, shown: str) -> None:
    """Between the marks, with the day. ValueError without them."""
    head, begin, rest = place.read_text().partition(BEGIN)
    _old, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no marks in {place}")
    place.write_text(f"{head}{begin}\nMeasured on {date.today()}.\n\n{shown}\n{end}{tail}")


def _row(name: str, load: str, found: dict[str, float]) -> str:
    parts = " / ".join(f"{found[part]:.3f}" for part in ("app", "database", "redis"))
    cost = f"| {name} | {load} | {found['rate']:,.0f} | **{found['cpu']:.3f}** ({parts}) |"
    if not found["accepted_p50_ms"]:
        return f"{cost} | | {found['cores']:.2f} | {limit(name, load, found)} |"
    times = f"{found['delivery_p50_ms']:.1f} / {found['delivery_p99_ms']:.1f} | {found['accepted_p50_ms']:.1f}"
    return f"{cost} {times} | {found['cores']:.2f} | {limit(name, load, found)} |"


def limit(name: str, load: str, found: dict[str, float]) -> str:
    """What a row cannot be faster than, read from what its processes used."""
    if load.endswith("/s"):
        return "nothing: the load is given"
    generator = found["generator_cpu"] / found["seconds"] if found["seconds"] else 0.0
    if generator > BUSY:
        return f"the generator ({generator:.2f} of a core)"
    if found["cores"] + generator > BUSY * (os.cpu_count() or 1):
        return f"all cores (the generator takes {generator:.2f})"
    clients = CLIENTS.fullmatch(load)
    if clients:
        return _database_limit(found["cores"], int(clients[1]))
    app, threads = found["app"] * found["rate"] / 1000, max(1, round(found["threads"]))
    if app > BUSY * threads:
        return f"the server's processor time ({_share(app, threads)})"
    return f"waiting for round trips and the disk (the server works {_share(app, threads)})"


def _database_limit(cores: float, sessions: int) -> str:
    """Of rows that pgbench alone measures: a session is one process."""
    most = min(sessions, os.cpu_count() or 1)
    if cores > BUSY * most:
        return f"PostgreSQL's processor time ({_share(cores, most)})"
    return f"the disk: each commit waits for it (PostgreSQL works {_share(cores, most)})"


def _share(used: float, cores: int) -> str:
    return f"{used:.2f} of the time" if cores == 1 else f"{used:.2f} of {cores} cores"


def aims(rows: Rows) -> list[str]:
    """The ratios of the aims, as far as this run has both sides."""
    lines = ["| aim | found | |", "|---|---|---|"]
    for text, ours, theirs, load, column, bound in RATIOS:
        mine, other = rows.get((ours, load)), rows.get((theirs, _load_of(rows, theirs, load)))
        if mine and other and mine[column] and other[column]:
            ratio = mine[column] / other[column]
            is_met = ratio >= bound if column == "rate" else ratio <= bound
            shown = f"{ratio:.1f} times" if ratio >= 1 else f"1/{1 / ratio:.1f}"
            lines.append(f"| {text} | {shown} | {_met(is_met)} |")
    for text, load, column, bound in BOUNDS:
        mine = rows.get(("llave", load))
        if mine and mine[column]:
            lines.append(f"| {text} | {mine[column]:.1f} | {_met(mine[column] <= bound)} |")
    return lines


RATIOS = (
    ("CPU a message at most 1/5 of ejabberd's", "llave", "ejabberd", HEADLINE, "cpu", 1 / 5),
    ("CPU a message at most 1/6 of Prosody's", "llave", "Prosody", HEADLINE, "cpu", 1 / 6),
    ("CPU a message at most 1/60 of naive Channels'", "llave", "naive Channels", HEADLINE, "cpu", 1 / 60),
    ("two processes: at most 1/2 of ejabberd's", "llave, 2 processes", "ejabberd", HEADLINE, "cpu", 1 / 2),
    ("messages a second at least 2.5 times ejabberd's", "llave", "ejabberd", HEADLINE, "rate", 2.5),
    ("at most twice the best Channels shape", "llave", "best Channels shape", HEADLINE, "cpu", 2.0),
    ("what Daphne costs: against the same application on uvicorn", "llave", "llave on uvicorn", HEADLINE, "cpu", 1.0),
    ("at 100/s: CPU a message against ejabberd's", "llave", "ejabberd", MODEST, "cpu", 1.0),
)
BOUNDS = (
    ("delivery at 100/s, p50 at most 3 ms", MODEST, "delivery_p50_ms", 3.0),
    ("delivery at 100/s, p99 at most 10 ms", MODEST, "delivery_p99_ms", 10.0),
    ("at most 40 KiB an idle socket", "idle", "kib_a_socket", 40.0),
)


def _load_of(rows: Rows, name: str, load: str) -> str:
    """The same load, or the next lighter one when it was too much for that server."""
    return load if (name, load) in rows else "50 x 1"


def _met(yes: bool) -> str:
    return "met" if yes else "not met"
