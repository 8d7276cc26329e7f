"""A long command shows how far it is, on a terminal and in a file."""

import io

import pytest
from django.core.management.base import OutputWrapper

from chatproject.lib.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(stream: io.StringIO, total: int) -> str:
    progress = Progress(OutputWrapper(stream), total, "leaves")
    for done in range(1, total + 1):
        progress(done)
    return stream.getvalue()


def test_a_file_gets_a_line_every_tenth() -> None:
    lines = told(io.StringIO(), 1000).splitlines()
    assert (len(lines), lines[0], lines[-1]) == (10, "100 of 1000 leaves (10 %)", "1000 of 1000 leaves (100 %)")


def test_a_terminal_gets_one_line_that_grows() -> None:
    text = told(Terminal(), 60)
    assert (text.count("\n"), text[-1]) == (1, "\n")
    bars = text.removesuffix("\n").split("\r")[1:]
    assert bars[0] == f"[#{'.' * 29}] 2 of 60 leaves (3 %)"
    assert bars[-1] == f"[{'#' * 30}] 60 of 60 leaves (100 %)"


@pytest.mark.parametrize("total", [0, 1])
def test_little_to_do_is_little_to_say(total: int) -> None:
    assert told(io.StringIO(), total).count("\n") == total
