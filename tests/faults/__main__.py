"""Makes the faults and prints what became of each: `python -m tests.faults [F01 F05 ...] [--seed N]`."""

import argparse
import random
import signal
import sys

from tests.faults import mutants
from tests.faults.crowd import EQUAL_SECONDS
from tests.faults.open import PARTLY, SHORTENED
from tests.faults.registry import NAMES
from tests.faults.runner import Outcome, make
from tests.faults.world import template


def numbers(words: list[str]) -> list[int]:
    wanted = [int(word.upper().removeprefix("F")) for word in words] or list(NAMES)
    if unknown := set(wanted) - set(NAMES):
        raise SystemExit(f"There is no fault {', '.join(f'F{number:02d}' for number in sorted(unknown))}.")
    return wanted


def line(number: int, outcome: Outcome, seed: int) -> str:
    notes = [note[number] for note in (SHORTENED, PARTLY) if number in note]
    detail = f"{outcome.detail} ({'; '.join(notes)})" if notes else outcome.detail
    return f"F{number:02d}  {NAMES[number][:44]:<45}{outcome.word:<9}{outcome.seconds:6.1f} s  {seed:>6}  {detail}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("faults", nargs="*", help="F01 ... (with --mutants: names of mutants); all without any")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="repeats a run's random choices")
    parser.add_argument("--equal-seconds", type=float, default=EQUAL_SECONDS, help="how long devices may differ (I8)")
    parser.add_argument("--list", action="store_true", help="only say which faults there are")
    parser.add_argument("--mutants", action="store_true", help="break each invariant in a copy: does the checker cry?")
    options = parser.parse_args(arguments)
    if options.list:
        print("\n".join(f"F{number:02d} {name}" for number, name in NAMES.items()))
        return 0
    if options.mutants:
        return mutants.check_all(options.faults)
    return run(numbers(options.faults), options.seed, options.equal_seconds)


def run(wanted: list[int], seed: int, equal_seconds: float) -> int:
    words = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # with its servers
    with template() as prepared:
        for number in wanted:
            outcome = make(number, prepared, seed=seed, equal_seconds=equal_seconds)
            words.append(outcome.word)
            print(line(number, outcome, seed), flush=True)
    counted = ", ".join(f"{words.count(word)} {word}" for word in ("held", "OPEN", "BROKEN", "NOT MADE"))
    print(f"{counted} of {len(words)}")
    return 1 if "BROKEN" in words else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
