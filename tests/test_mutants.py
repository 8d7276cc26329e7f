"""What the runs of mutants change stands in its file, once: a change of the source must not make one idle unseen."""

from pathlib import Path

import pytest

from tests import mutants_server
from tests.faults import mutants as of_faults
from tests.schedules import mutants as of_schedules

ROOT = Path(__file__).resolve().parents[1]
TEXTS = {
    "server": [(each.file, each.old) for each in mutants_server.MUTANTS],
    "faults": [(each.file, each.old) for each in of_faults.MUTANTS],
    "schedules": [
        (of_schedules.JS + file, old) for changes, _word in of_schedules.MUTANTS.values() for file, old, _new in changes
    ],
}


@pytest.mark.parametrize("of", TEXTS)
def test_each_text_stands_once(of):
    assert TEXTS[of]
    assert [old for file, old in TEXTS[of] if (ROOT / file).read_text("utf-8").count(old) != 1] == []
