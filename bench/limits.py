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
        return [
            {
                "contender": name,
                "load": f"{clients} client{'s' * (clients > 1)}",
                **self._run(text, clients, rows, seconds),
            }
            for name, (text, clients, rows) in KINDS.items()
        ]

    def _run(self, text: str, clients: int, rows: int, seconds: float) -> dict[str, Any]:
        script = self._folder / "limit.sql"
        script.write_text(text)
        address = ["-h", "127.0.0.1", "-p", str(self._stage.postgres_port), "-U", "chat"]
        given = ["-n", "-M", "prepared", "-c", str(clients), "-T", str(max(1, round(seconds))), "-f", str(script)]
        roots = {"database": processes.named_child("postgres", of=os.getpid())}
        before = processes.cpu_seconds(roots)["database"]
        command = [str(postgresql_tools() / "pgbench"), *address, *given, "limits"]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        used, found = processes.cpu_seconds(roots)["database"] - before, TRANSACTIONS.search(said)
        messages = rows * int(found.group(1)) if found else 0
        rate = messages / max(1, round(seconds))
        cost = 1000 * used / messages
        return {"rate": rate, "cpu": cost, "database": cost, "cores": used / seconds, "messages": messages}
