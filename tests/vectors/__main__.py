"""The command behind `bin/vectors`."""

import argparse
import sys
from pathlib import Path
from typing import Any

from reference.vectors import check

Result = dict[str, Any]


def main() -> int:
    arguments = _arguments()
    results = {name: _run(name, arguments.files) for name in arguments.only or ("reference", "browser")}
    for name, outcome in results.items():
        print("\n".join(check.lines(name, outcome)))
    failures = [(name, result) for name, outcome in results.items() for result in outcome if not result["ok"]]
    for name, result in failures:
        print(f"{name}  {result['id']}: {result['detail']}")
    return 1 if failures or not all(results.values()) else 0


def _run(name: str, files: list[Path]) -> list[Result]:
    if name == "reference":
        return check.run(files)
    from tests.vectors import browser

    return browser.run(files)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/vectors", description="Check test-vector files of e2c/1 against both implementations."
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a vector file (JSON)")
    parser.add_argument(
        "--only", action="append", choices=("reference", "browser"), help="one implementation instead of both"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
