"""Random schedules: two people, their browsers that join, leave, race, lose answers and come back as older copies.

python -m tests.schedules [--seed N] [--events N] [--worlds N] [--plain] [--mutants]

Prints a line a world with its seed, up to the first that fails: it is cut to its shortest beginning and told. The
choices of a seed are always the same; what WebCrypto finishes first within one of them is the machine's.
"""

import argparse
import itertools
import random
import sys

from tests.schedules import mutants
from tests.schedules.runner import run_worlds, shrunk, story

EVENTS = 100_000


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    if given.mutants:
        return mutants.main()
    total = 0
    for outcome in itertools.islice(run_worlds(given.seed, given.events), given.worlds):
        total += outcome.events
        verdict = "BROKEN" if outcome.findings else "held"
        print(f"seed {outcome.seed:<11}{outcome.events:>5} events {outcome.seconds:6.1f} s  {verdict}", flush=True)
        if outcome.findings:
            print(story(outcome if given.plain else shrunk(outcome)))
            return 1
    print(f"{total} events held")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.schedules", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--seed", type=int, default=random.randrange(2**31), help="of the first world; the next ones count on"
    )
    parser.add_argument("--events", type=int, default=EVENTS, help="of all worlds together (default: 100000)")
    parser.add_argument("--worlds", type=int, default=None, help="no more than so many")
    parser.add_argument("--plain", action="store_true", help="tell a failure as it is")
    parser.add_argument("--mutants", action="store_true", help="break one rule at a time: the oracle must see each")
    return parser


if __name__ == "__main__":
    sys.exit(main())
