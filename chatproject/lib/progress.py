"""How far a long command is: a bar on a terminal, a line every tenth of the way elsewhere."""

from django.core.management.base import OutputWrapper

WIDTH = 30
STEPS = 10


class Progress:
    """Hears `done` of `total` units; writes nothing when there is nothing to do."""

    def __init__(self, stream: OutputWrapper, total: int, unit: str) -> None:
        self._stream, self._total, self._unit = stream, total, unit
        self._is_terminal = stream.isatty()
        self._told = 0

    def __call__(self, done: int) -> None:
        steps = (WIDTH if self._is_terminal else STEPS) * min(done, self._total) // max(self._total, 1)
        if steps == self._told and done < self._total:
            return
        self._told = steps
        self._stream.write(self._bar(done, steps) if self._is_terminal else self._line(done), ending="")
        self._stream.flush()

    def _bar(self, done: int, steps: int) -> str:
        end = "\n" if done >= self._total else ""
        return f"\r[{'#' * steps:.<{WIDTH}}] {self._line(done).rstrip()}{end}"

    def _line(self, done: int) -> str:
        percent = 100 * min(done, self._total) // max(self._total, 1)
        return f"{done} of {self._total} {self._unit} ({percent} %)\n"
