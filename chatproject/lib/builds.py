"""The builds of the page that this process names in its numbers: its own, and the first others that it hears of."""

from collections.abc import Mapping

DIGITS = 16
MAX_NAMED = 16  # whoever has an account may say any build: the number of series stays small
NONE, OTHER = "none", "other"

_named: dict[str, None] = {}


def know(build: str) -> None:
    """From now on it is named, unless MAX_NAMED are."""
    if len(_named) < MAX_NAMED:
        _named.setdefault(build)


def by_label(counts: Mapping[str | None, int]) -> dict[tuple[str, ...], float]:
    """Clients by build, as a gauge wants them; the key None: clients that are no page."""
    labelled: dict[tuple[str, ...], float] = {}
    for build, number in counts.items():
        label = (_label(build),)
        labelled[label] = labelled.get(label, 0) + number
    return labelled


def _label(build: str | None) -> str:
    if build is None:
        return NONE
    know(build)
    return build if build in _named else OTHER
