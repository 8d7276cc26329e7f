"""bin/bench crypto: what the encryption costs in the page, in Chromium and Firefox.

    --engines chromium,firefox
    --leaves 50000             of the log that a new browser replays
    --history 1000,10000       messages that a new browser reads
    --replays 5                of the log, each in a page of its own: the table has medians, and the fastest and slowest

The product's modules in a real page, against the server's contract in memory: no network, no server; for what is drawn
the real page with a made-up Messenger (tests/ui/preview.py). "Longest frame" is the longest time between two frames
while the page works; a quiet page draws one every 17 ms. A phone is Chromium at a quarter of its speed: its throttling
holds the page's thread, in which small operations of WebCrypto run, too, but no other one (collecting garbage, the
disk). Which phone that is depends on the machine and its hour: the index beside it tells.
"""

import argparse
import os
import platform
import statistics
from collections.abc import Iterator
from pathlib import Path

from tests.ui.preview import server
from tests.vectors.browser import Evaluate, in_a_thread, module_page, page_of

CALL = "async ([name, ...given]) => (await import('/bench/crypto_page.js'))[name](...given)"
WATCHED = (Path(__file__).parent / "watched.js").read_text("utf-8").replace("export ", "")
DRAW = f"""async ([act, selector]) => {{
    {WATCHED}
    const frames = async (count) => {{
        for (let i = 0; i < count; i += 1) await new Promise(requestAnimationFrame);
    }};
    const acts = {{
        async click() {{
            document.querySelector(selector).click();
            await frames(30);
        }},
        async up() {{
            for (let i = 0; i < 60; i += 1) {{
                document.querySelector(selector).scrollTop = 0;
                await frames(2);
            }}
        }},
    }};
    return watched(acts[act]);
}}"""
MESSAGES = 500
MANY = 10_000
CHAT = f"http://127.0.0.1:{{port}}/chat/?scene=open&lang=en&many={MANY}"
KEPT = "max-age=600"  # as with the product, whose files are kept for ever; else Chromium fetches the icons of each row
PHONE = 4
PHONES = "1,000 is a phone of the middle, 264 a cheap one"  # by the calibration of DevTools: Pixel 5, Moto G Power 2022
HEAD = ("browser", "what", "ms", "longest frame ms")
Row = tuple[str, str, str, str]


def main(arguments: list[str]) -> int:
    given = _parser().parse_args(arguments)
    print(f"{_machine()}, load {os.getloadavg()[0]:.1f}\n")
    _print(HEAD)
    _print(("---", "---", "---", "---"))
    for engine in given.engines.split(","):
        for row in measured(engine, given):
            _print(row)
    print(f"\nload {os.getloadavg()[0]:.1f} at the end")
    return 0


def measured(engine: str, given: argparse.Namespace) -> Iterator[Row]:
    with module_page(engine) as evaluate:
        yield from messages(evaluate, engine)
        yield from histories(evaluate, engine, given.history)
        pages = evaluate(CALL, ["makeLog", given.leaves])
    yield from log(engine, given, pages)
    yield from drawn(engine)
    if engine == "chromium":
        yield from log(engine, given, pages, slower=PHONE)


def _machine() -> str:
    model = [line for line in _cpuinfo() if line.startswith("model name")]
    return f"{os.cpu_count()} cores ({model[0].partition(':')[2].strip() if model else platform.machine()})"


def _cpuinfo() -> list[str]:
    told = Path("/proc/cpuinfo")
    return told.read_text("utf-8").splitlines() if told.exists() else []


def _print(row: Row) -> None:
    print(f"| {' | '.join(row)} |", flush=True)


def messages(evaluate: Evaluate, name: str) -> Iterator[Row]:
    took = evaluate(CALL, ["messages", MESSAGES])
    yield name, "seal a message of 1 KiB", f"{took['sealMs']:.2f}", ""
    yield name, "open one", f"{took['openMs']:.2f}", ""
    yield name, "make a key file, or open one", f"{evaluate(CALL, ['keyFile']):.0f}", ""


def histories(evaluate: Evaluate, name: str, counts: str) -> Iterator[Row]:
    for count in map(int, counts.split(",")):
        took = evaluate(CALL, ["readHistory", count])
        yield _row(name, f"read {count:,} messages in a new browser", took["read"])
        yield _row(name, "open their chat", took["opened"])
        yield _row(name, "export it", took["exported"])


def log(engine: str, given: argparse.Namespace, pages: list[str], slower: int = 1) -> Iterator[Row]:
    """Not in the page that made the log: what making it left behind would be collected, and counted, meanwhile."""
    hashes = 2 * given.leaves
    found, speeds = [], []
    for _ in range(given.replays):
        with module_page(engine, slower) as evaluate:
            took = evaluate(CALL, ["replayLog", pages])
            found.append({**took, "hashes": evaluate(CALL, ["hashes", hashes])})
            if slower > 1:
                speeds.append(evaluate(CALL, ["speed"]))
    name = engine if slower == 1 else f"{engine}, {slower} times slower"
    yield _median_row(name, f"replay a log of {given.leaves:,} leaves", [each["first"] for each in found])
    yield _median_row(name, "take it from the disk at the next unlock", [each["load"] for each in found])
    yield _median_row(name, "look for new leaves then", [each["tail"] for each in found])
    yield _median_row(name, f"the bare hashes of the replay: {hashes:,}", [each["hashes"] for each in found])
    if speeds:
        yield name, f"index of the page's speed ({PHONES})", _median(speeds), ""


def drawn(engine: str) -> Iterator[Row]:
    with in_a_thread(server(static=KEPT)) as port, page_of(CHAT.format(port=port), engine) as evaluate:
        evaluate("async () => { while (!globalThis.fake) await new Promise(requestAnimationFrame); }")
        steps = (
            ("click", "conversation-row button", f"draw a chat of {MANY:,} messages"),
            ("up", ".message-list__scroll", "scroll up in it, page by page"),
            ("click", "[data-part=jump]", "back to its end"),
        )
        for act, selector, what in steps:
            took = evaluate(DRAW, [act, selector])
            yield engine, what, "", f"{took['frozenMs']:.0f}"


def _row(name: str, what: str, took: dict[str, float]) -> Row:
    return name, what, f"{took['ms']:,.0f}", f"{took['frozenMs']:.0f}"


def _median_row(name: str, what: str, took: list[dict[str, float]]) -> Row:
    return name, what, _median([each["ms"] for each in took]), _median([each["frozenMs"] for each in took])


def _median(values: list[float]) -> str:
    return f"{statistics.median(values):,.0f} ({min(values):,.0f} to {max(values):,.0f})"


def _parser() -> argparse.ArgumentParser:
    summary, _, more = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        prog="bin/bench crypto", description=summary, epilog=more, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engines", default="chromium,firefox")
    parser.add_argument("--leaves", type=int, default=50_000)
    parser.add_argument("--history", default="1000,10000")
    parser.add_argument("--replays", type=int, default=5)
    return parser
