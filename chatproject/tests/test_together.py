"""Several at once, in order, and never more than a few."""

from collections.abc import Iterator

import pytest

from chatproject.lib.together import AT_ONCE, in_order


def test_what_comes_out_is_in_order() -> None:
    assert list(in_order(lambda number: number * 2, range(5 * AT_ONCE))) == [2 * n for n in range(5 * AT_ONCE)]
    assert list(in_order(lambda number: number, [])) == []


def test_no_more_are_taken_than_may_be_under_way() -> None:
    given: Iterator[int] = iter(range(10 * AT_ONCE))
    coming = in_order(lambda number: number, given)
    assert next(coming) == 0
    assert next(given) == AT_ONCE + 1
    coming.close()  # type: ignore[attr-defined]


def test_the_first_error_ends_it() -> None:
    begun: list[int] = []

    def look(number: int) -> int:
        begun.append(number)
        if number == 3:
            raise FileNotFoundError
        return number

    coming = in_order(look, range(100 * AT_ONCE))
    assert [next(coming) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(FileNotFoundError):
        next(coming)
    assert len(begun) <= 4 + AT_ONCE
