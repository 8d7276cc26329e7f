"""Reads the stored blocks of the log (see `log.py`): O(log size) rows for any root."""

from functools import reduce
from operator import or_

from django.db.models import Q

from keys import log
from keys.models import LogNode


def values(wanted: list[log.Block]) -> dict[log.Block, bytes]:
    """The hashes of these blocks, in one query. KeyError for the caller where a block is not stored."""
    if not wanted:
        return {}
    condition = reduce(or_, (Q(level=level, index=index) for level, index in wanted))
    rows = LogNode.objects.filter(condition).values_list("level", "index", "value")
    return {(level, index): bytes(value) for level, index, value in rows}


def roots(old_size: int, new_size: int) -> tuple[bytes, bytes]:
    """Two roots of one history: the larger is computed from the very blocks that give the smaller."""
    old, added = log.blocks(0, old_size), log.blocks(old_size, new_size)
    found = values(old + added)
    first, second = ([(block, found[block]) for block in part] for part in (old, old + added))
    return log.root(first), log.root(second)
