"""Numbers about this process in Prometheus' text format: counters, gauges, histograms. Mechanism only; what is counted
is listed in `measures.py`.

A label's values come from a fixed set (codes, kinds, aliases), never from people: the number of series stays small and
nobody stands in it.
"""

import math
import threading
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping

Labels = tuple[str, ...]
Reading = Callable[[], float | Mapping[Labels, float]]

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metric(ABC):
    """One family: a name, a sentence, the names of its labels."""

    kind = "untyped"

    def __init__(self, name: str, help_text: str, labels: Labels = ()) -> None:
        self.name, self.help, self.labels = name, help_text, labels
        self._lock = threading.Lock()

    @abstractmethod
    def lines(self) -> Iterable[str]: ...

    def _line(self, suffix: str, values: Labels, number: float, *more: tuple[str, str]) -> str:
        pairs = [*zip(self.labels, values, strict=True), *more]
        inside = ",".join(f'{name}="{_escape(value)}"' for name, value in pairs)
        return (
            f"{self.name}{suffix}{{{inside}}} {_number(number)}" if inside else f"{self.name}{suffix} {_number(number)}"
        )


class Counter(Metric):
    """Only grows; one without labels is there from the start, at 0."""

    kind = "counter"

    def __init__(self, name: str, help_text: str, labels: Labels = ()) -> None:
        super().__init__(name, help_text, labels)
        self._values: dict[Labels, float] = {} if labels else {(): 0.0}

    def add(self, *values: str, by: float = 1) -> None:
        with self._lock:
            self._values[values] = self._values.get(values, 0) + by

    def value(self, *values: str) -> float:
        return self._values.get(values, 0)

    def lines(self) -> Iterable[str]:
        with self._lock:
            known = sorted(self._values.items())
        return [self._line("", values, number) for values, number in known]


class Gauge(Metric):
    """A level: set from time to time, or read when somebody asks (`read_from`). What cannot be read is left out."""

    kind = "gauge"

    def __init__(self, name: str, help_text: str, labels: Labels = ()) -> None:
        super().__init__(name, help_text, labels)
        self._values: dict[Labels, float] = {}
        self._reading: Reading | None = None

    def set(self, number: float, *values: str) -> None:
        with self._lock:
            self._values[values] = number

    def read_from(self, reading: Reading) -> None:
        """`reading` gives a number, or with labels numbers by their values."""
        self._reading = reading

    def lines(self) -> Iterable[str]:
        return [self._line("", values, number) for values, number in sorted(self._read().items())]

    def _read(self) -> dict[Labels, float]:
        if self._reading is None:
            with self._lock:
                return dict(self._values)
        try:
            found = self._reading()
        except Exception:  # a database that does not answer must not hide the other numbers
            return {}
        return dict(found) if isinstance(found, Mapping) else {(): found}


class Histogram(Metric):
    """How long things took, in seconds, as cumulative buckets."""

    kind = "histogram"

    def __init__(self, name: str, help_text: str, labels: Labels = (), bounds: tuple[float, ...] = SECONDS) -> None:
        super().__init__(name, help_text, labels)
        self._bounds = bounds
        self._buckets: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}

    def observe(self, seconds: float, *values: str) -> None:
        with self._lock:
            buckets = self._buckets.setdefault(values, [0] * (len(self._bounds) + 1))
            buckets[bisect_left(self._bounds, seconds)] += 1
            self._sums[values] = self._sums.get(values, 0.0) + seconds

    def lines(self) -> Iterable[str]:
        with self._lock:
            known = [(values, list(buckets), self._sums[values]) for values, buckets in sorted(self._buckets.items())]
        for values, buckets, total in known:
            yield from self._series(values, buckets, total)

    def _series(self, values: Labels, buckets: list[int], total: float) -> Iterable[str]:
        below = 0
        for bound, number in zip((*self._bounds, math.inf), buckets, strict=True):
            below += number
            yield self._line("_bucket", values, below, ("le", _number(bound)))
        yield self._line("_sum", values, total)
        yield self._line("_count", values, below)


def exposition(metrics: Iterable[Metric]) -> str:
    """All of them as Prometheus reads it."""
    return "".join(f"{line}\n" for metric in metrics for line in _family(metric))


def _family(metric: Metric) -> Iterable[str]:
    yield f"# HELP {metric.name} {metric.help}"
    yield f"# TYPE {metric.name} {metric.kind}"
    yield from metric.lines()


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if value == math.inf:
        return "+Inf"
    return str(int(value)) if value == int(value) else repr(float(value))
