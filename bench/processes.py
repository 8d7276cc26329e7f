"""What processes have used, from /proc: CPU seconds and memory of a whole tree."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
UTIME, CSTIME = 11, 15  # fields of /proc/PID/stat after the name: utime, stime and those of ended children


def tree(pid: int) -> list[int]:
    """A process and all that descend from it."""
    return [pid, *(each for child in children(pid) for each in tree(child))]


def children(pid: int) -> list[int]:
    try:
        return [int(word) for word in (PROC / str(pid) / "task" / str(pid) / "children").read_text().split()]
    except OSError:
        return []


def named_child(name: str, *, of: int) -> int:
    """The one child whose programme has this name."""
    return next(pid for pid in children(of) if (PROC / str(pid) / "comm").read_text().strip() == name)


def cpu_seconds(roots: Mapping[str, int]) -> dict[str, float]:
    """By name of the root: what its tree has used so far."""
    return {name: sum(map(_cpu_seconds, tree(pid))) for name, pid in roots.items()}


def memory_kib(pids: Iterable[int]) -> int:
    """Proportional set size: shared pages are divided among those who share them."""
    return sum(_pss_kib(pid) for root in pids for pid in tree(root))


def _cpu_seconds(pid: int) -> float:
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(ticks) for ticks in fields[UTIME:CSTIME]) / TICKS_PER_SECOND


def _pss_kib(pid: int) -> int:
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
