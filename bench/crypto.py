"""bin/bench crypto: what the encryption costs in the page, in Chromium and Firefox.

    --engines chromium,firefox
    --leaves 50000             of the log that a new browser replays
    --history 1000,10000       messages that a new browser reads

The product's modules in a real page, against the server's contract in memory: no network, no server. "Longest frame" is
the longest time between two frames while the page works; a quiet page draws one every 17 ms. A phone is Chromium at a
quarter of its speed (CPU throttling).
"""

import argparse
from collections.abc import Iterator

from tests.vectors.browser import Evaluate, module_page

CALL = "async ([name, ...given]) => (await import('/bench/crypto_page.js'))[name](...given)"
MESSAGES = 500
PHONE = 4
HEAD = ("browser", "what", "ms", "longest frame ms")
Row = tuple[str, str, str, str]


def main(arguments: list[str]) -> int:
    given = _parser().parse_args(arguments)
    _print(HEAD)
    _print(("---", "---", "---", "---"))
    for engine in given.engines.split(","):
        for row in measured(engine, given):
            _print(row)
    return 0


def measured(engine: str, given: argparse.Namespace) -> Iterator[Row]:
    with module_page(engine) as evaluate:
        yield from messages(evaluate, engine)
        yield from histories(evaluate, engine, given.history)
        yield from log(evaluate, engine, given.leaves)
    if engine == "chromium":
        with module_page(engine, slower=PHONE) as evaluate:
            yield from log(evaluate, f"{engine}, {PHONE} times slower", given.leaves)


def _print(row: Row) -> None:
    print(f"| {' | '.join(row)} |", flush=True)


def messages(evaluate: Evaluate, name: str) -> Iterator[Row]:
    took = evaluate(CALL, ["messages", MESSAGES])
    yield name, "seal a message of 1 KiB", f"{took['sealMs']:.2f}", ""
    yield name, "open one", f"{took['openMs']:.2f}", ""
    yield name, "open a key file", f"{evaluate(CALL, ['keyFile']):.0f}", ""


def histories(evaluate: Evaluate, name: str, counts: str) -> Iterator[Row]:
    for count in map(int, counts.split(",")):
        took = evaluate(CALL, ["readHistory", count])
        yield _row(name, f"read {count:,} messages in a new browser", took["read"])
        yield _row(name, "open their chat", took["opened"])
        yield _row(name, "export it", took["exported"])


def log(evaluate: Evaluate, name: str, leaves: int) -> Iterator[Row]:
    evaluate(CALL, ["makeLog", leaves])
    took = evaluate(CALL, ["replayLog"])
    yield _row(name, f"replay a log of {leaves:,} leaves", took["first"])
    yield _row(name, "take it from the disk at the next unlock", took["load"])
    yield _row(name, "look for new leaves then", took["tail"])


def _row(name: str, what: str, took: dict[str, float]) -> Row:
    return name, what, f"{took['ms']:,.0f}", f"{took['frozenMs']:.0f}"


def _parser() -> argparse.ArgumentParser:
    summary, _, more = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        prog="bin/bench crypto", description=summary, epilog=more, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engines", default="chromium,firefox")
    parser.add_argument("--leaves", type=int, default=50_000)
    parser.add_argument("--history", default="1000,10000")
    return parser
