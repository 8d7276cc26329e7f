"""The claims of the modules beside this file, each one an exported function, in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vectors.browser import Evaluate, module_page

HERE = Path(__file__).parent
HELPERS = ("claims.js", "people.js")
CLAIM = re.compile(r"^export (?:async )?function (\w+)\(\)", re.MULTILINE)
CALL = "async ([file, claim]) => { await (await import(file))[claim](); }"

pytestmark = pytest.mark.browser


def claims() -> list[tuple[str, str]]:
    files = [file for file in sorted(HERE.glob("*.js")) if file.name not in HELPERS]
    return [(file.name, claim) for file in files for claim in CLAIM.findall(file.read_text("utf-8"))]


@pytest.fixture(scope="module")
def evaluate() -> Iterator[Evaluate]:
    with module_page() as evaluate:
        yield evaluate


@pytest.mark.parametrize(("file", "claim"), claims())
def test_the_page(evaluate: Evaluate, file: str, claim: str) -> None:
    evaluate(CALL, [f"/tests/js/{file}", claim])
