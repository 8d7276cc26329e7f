"""The load process of one contender, told what to do step by step; see `bench.load`."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bench import processes
from bench.stage import Contender

FIRST_SOCKETS = 20  # are not measured: a server loads and caches something for them


class Generator:
    def __init__(self, contender: Contender, folder: Path) -> None:
        self._made_of = contender, folder
        self._roots, self._threads = contender.roots, contender.threads
        crowd = folder / f"{contender.name}.json"
        crowd.write_text(json.dumps(contender.crowd))
        words = [contender.wire, str(crowd), str(contender.port), contender.origin]
        command = [sys.executable, "-m", "bench.load", *words]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def step(self, **step: Any) -> dict[str, Any]:
        """One step of load and what the contender's processes used for it: CPU seconds for 1,000 messages, by part."""
        self._ask(json.dumps(step))
        before = processes.cpu_seconds(self._roots)
        result = self._ask("")
        used = {name: seconds - before[name] for name, seconds in processes.cpu_seconds(self._roots).items()}
        costs = {name: 1000 * seconds / result["messages"] for name, seconds in used.items()}
        rate, cores = result["messages"] / result["seconds"], sum(used.values()) / result["seconds"]
        return {"rate": rate, "cpu": sum(costs.values()), "cores": cores, "threads": self._threads, **costs, **result}

    def idle(self, count: int) -> dict[str, Any]:
        """So many idle sockets for a moment: server memory of one, in KiB, and CPU milliseconds to log it in. Of few
        sockets at least half are measured.
        """
        opened = self.keep(min(FIRST_SOCKETS, count // 2))
        memory, used = processes.memory_kib([self._roots["app"]]), processes.cpu_seconds(self._roots)
        more = self.keep(count) - opened
        seconds = sum(processes.cpu_seconds(self._roots).values()) - sum(used.values())
        grown = processes.memory_kib([self._roots["app"]]) - memory
        self.keep(0)
        return {"kib_a_socket": grown / more, "login_ms": 1000 * seconds / more}

    def keep(self, count: int) -> int:
        """From now on so many idle sockets are open; how many there are."""
        return int(self.ask(do="idle", count=count)["idle"])

    def ask(self, **step: Any) -> dict[str, Any]:
        """A step without load."""
        return self._ask(json.dumps(step))

    def living(self) -> "Generator":
        """This one, or a new one in its place when it has ended: a server closed one of its lines between two steps."""
        return self if self._process.poll() is None else self.again()

    def again(self) -> "Generator":
        """A new one in its place, with new connections."""
        self._process.kill()
        self._process.wait(timeout=30)
        return Generator(*self._made_of)

    def end(self) -> None:
        assert self._process.stdin
        with suppress(BrokenPipeError):  # it has ended before
            self._process.stdin.close()
        self._process.wait(timeout=30)

    def _ask(self, line: str) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        with suppress(BrokenPipeError):  # told by what it does not answer
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline() or '{"failed": "the generator ended"}')
        if "failed" in found:
            raise RuntimeError(found["failed"])
        return found


@contextmanager
def generating(contender: Contender, folder: Path) -> Iterator[Generator]:
    generator = Generator(contender, folder)
    try:
        yield generator
    finally:
        generator.end()
