"""bin/bench NAME [OPTION...]: measure something and print one table. `bin/bench NAME --help` says more."""

import signal
import sys
from importlib import import_module

NAMES = {
    "crypto": "seal, open, read history, open a key file, replay the log in Chromium and Firefox: ms, frozen frames",
    "delivery": "persist a message, hand it to a live receiver, acknowledge its sender: CPU, rate, latency, memory",
    "soak": "half load for half an hour: memory, latency, and every invariant of delivery",
    "first-message": "from a fresh clone and an empty home to a message that arrived: seconds of each step",
    "scaling": "what more people need, up to a million: a simulation with measured constants",
    "cost": "how that grows with conversations, stored events and connections, and what reading costs",
}


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that servers end with their bench
    name, *options = arguments or ["--help"]
    if name in NAMES:
        status: int = import_module(f"bench.{name.replace('-', '_')}").main(options)
        return status
    wanted_help = name in {"-h", "--help"}
    listed = "\n".join(f"  {each:<15}{what}" for each, what in NAMES.items())
    print(f"{__doc__}\n\n{listed}", file=sys.stdout if wanted_help else sys.stderr)
    return 0 if wanted_help else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
