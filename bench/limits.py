"""What PostgreSQL alone can do with rows of 1 KiB: one a commit, and a hundred a commit, by pgbench."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import psycopg

from bench import processes
from bench.stage import Stage
from tests.services import postgresql_tools

CLIENTS, BATCH = 8, 100
TABLE = "CREATE TABLE IF NOT EXISTS limits (id bigserial PRIMARY KEY, at timestamptz DEFAULT now(), body bytea)"
ONE = "INSERT INTO limits (body) VALUES (decode(repeat('a7', 1024), 'hex'));\n"
MANY = f"INSERT INTO limits (body) SELECT decode(repeat('a7', 1024), 'hex') FROM generate_series(1, {BATCH});\n"
KINDS = {"PostgreSQL, a row a commit": (ONE, CLIENTS, 1), f"PostgreSQL, {BATCH} rows a commit": (MANY, 1, BATCH)}
TRANSACTIONS = re.compile(r"actually processed: (\d+)")


class Limits:
    def __init__(self, stage: Stage, folder: Path) -> None:
        self._stage, self._folder = stage, folder
        url = stage.database("limits")
        with psycopg.connect(url) as connection:
            connection.execute(TABLE)

    def measure(self, seconds: float) -> list[dict[str, Any]]:
        """For about so many seconds each: pgbench takes whole ones."""
        whole = max(1, round(seconds))
        return [
            {
                "contender": name,
                "load": f"{clients} client{'s' * (clients > 1)}",
                **self._run(text, clients, rows, whole),
            }
            for name, (text, clients, rows) in KINDS.items()
        ]

    def _run(self, text: str, clients: int, rows: int, seconds: int) -> dict[str, Any]:
        script = self._folder / "limit.sql"
        script.write_text(text)
        address = ["-h", "127.0.0.1", "-p", str(self._stage.postgres_port), "-U", "chat"]
        given = ["-n", "-M", "prepared", "-c", str(clients), "-T", str(seconds), "-f", str(script)]
        roots = {"database": processes.named_child("postgres", of=os.getpid())}
        before = processes.cpu_seconds(roots)["database"]
        command = [str(postgresql_tools() / "pgbench"), *address, *given, "limits"]
        own = _of_children()
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        used, generator = processes.cpu_seconds(roots)["database"] - before, _of_children() - own
        found = TRANSACTIONS.search(said)
        messages = rows * int(found.group(1)) if found else 0
        return {
            "rate": messages / seconds,
            "cpu": 1000 * used / messages,
            "database": 1000 * used / messages,
            "cores": used / seconds,
            "messages": messages,
            "seconds": seconds,
            "generator_cpu": generator,
        }


def _of_children() -> float:
    """CPU seconds of those that have ended."""
    times = os.times()
    return times.children_user + times.children_system
