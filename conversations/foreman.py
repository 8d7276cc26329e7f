"""Several server processes on one listening socket: starts them, replaces one that dies, ends them together.

A lifeline, one socket pair each, ties a process to its foreman: the process says on it that it is ready, and ends when
the other end is gone.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}
CLEAN = {0, -signal.SIGTERM}  # the signal itself ends a process that does not serve yet
BACKLOG = 2048
READY_SECONDS = 60.0
END_SECONDS = 30.0
QUICK_SECONDS, QUICK_ENDS = 10.0, 5  # so many processes that die so young: something is wrong for good


@dataclass(slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    lifeline: socket.socket
    began: float


def listen(host: str, port: int) -> socket.socket:
    """OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


class Foreman:
    """`command` gets two inherited descriptors at its end, the listening socket and the lifeline, and its number."""

    def __init__(self, listener: socket.socket, count: int, command: list[str], on_ready: Callable[[], None]) -> None:
        self._listener, self._count, self._command, self._on_ready = listener, count, command, on_ready
        self._workers: list[_Worker] = []
        self._quick_ends = 0

    def run(self) -> bool:
        """Until a signal; False when the processes could not run."""
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        self._workers = [self._start(number) for number in range(self._count)]
        if all(self._is_ready(worker) for worker in self._workers):
            self._on_ready()
            while signal.sigwait(SIGNALS) == signal.SIGCHLD and self._replace_dead():
                pass
        return self._end() and self._quick_ends < QUICK_ENDS

    def _start(self, number: int) -> _Worker:
        mine, its = socket.socketpair()
        inherited = self._listener.fileno(), its.fileno()
        process = subprocess.Popen(  # noqa: S603  its own programme
            [*self._command, *map(str, (*inherited, number))], pass_fds=inherited, preexec_fn=_let_signals_through
        )
        its.close()
        return _Worker(process, mine, time.monotonic())

    def _is_ready(self, worker: _Worker) -> bool:
        worker.lifeline.settimeout(READY_SECONDS)
        try:
            return worker.lifeline.recv(1) == b"r"
        except OSError:
            return False

    def _replace_dead(self) -> bool:
        """False: they die as soon as they are started."""
        for number, worker in enumerate(self._workers):
            if worker.process.poll() is not None:
                self._quick_ends = self._quick_ends + 1 if time.monotonic() - worker.began < QUICK_SECONDS else 0
                print(f"A server process ended with {worker.process.returncode}.", file=sys.stderr, flush=True)
                worker.lifeline.close()
                self._workers[number] = self._start(number)
        return self._quick_ends < QUICK_ENDS

    def _end(self) -> bool:
        self._listener.close()
        for worker in self._workers:
            worker.process.terminate()
        deadline = time.monotonic() + END_SECONDS
        return all([_ended_cleanly(worker, deadline) for worker in self._workers])


def _ended_cleanly(worker: _Worker, deadline: float) -> bool:
    try:
        return worker.process.wait(timeout=max(0.0, deadline - time.monotonic())) in CLEAN
    except subprocess.TimeoutExpired:
        worker.process.kill()
        worker.process.wait()
        return False


def _let_signals_through() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def say_ready(lifeline: int) -> None:
    os.write(lifeline, b"r")
