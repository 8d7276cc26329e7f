"""The servers that `bin/bench delivery` compares. Each function starts one on the stage and gives it back ready."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bench import peers
from bench.stage import Contender, Stage
from tests.server import BASE, Server, prepared, running_server, serving
from tests.services import free_port

NO_LIMIT = str(10**6)
DEVICES = 8  # so many browsers an account of the product may have
UVICORN = ("--ws", "websockets-sansio", "--ws-per-message-deflate", "false", "--no-access-log", "--lifespan", "off")


def llave(stage: Stage, *, name: str = "llave", processes: int = 1) -> Contender:
    redis_url, redis_pid = stage.redis()
    options = [] if processes == 1 else ["--processes", str(processes)]
    settings = _settings(stage, name, redis_url)
    server = stage.ends.enter_context(running_server(stage.folder(), *options, **settings))
    return _of_product(stage, name, server, redis_pid, processes)


def llave_uvicorn(stage: Stage) -> Contender:
    """The product's application under uvicorn: what Daphne costs. None of the server's limits, no drain."""
    name = "llave on uvicorn"
    redis_url, redis_pid = stage.redis()
    folder, origin = stage.folder(), f"http://127.0.0.1:{free_port()}"
    environment = prepared(folder, origin, **_settings(stage, name, redis_url))
    command = _uvicorn("chatproject.asgi:application", int(origin.rpartition(":")[2]))
    server = stage.ends.enter_context(serving(command, origin, folder, environment))
    return _of_product(stage, name, server, redis_pid)


def naive(stage: Stage) -> Contender:
    redis_url, redis_pid = stage.redis()
    port = free_port()
    command = [sys.executable, "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(port)]
    found = _of_channels(stage, "naive Channels", port, [*command, "bench.naive.asgi:application"], redis_url)
    found.roots["redis"], found.open_rate = redis_pid, 20
    return found


def shape(stage: Stage) -> Contender:
    port = free_port()
    return _of_channels(stage, "best Channels shape", port, _uvicorn("bench.shape.asgi:application", port))


def echo(stage: Stage, *, server: str = "Daphne") -> Contender:
    port = free_port()
    daphne = [sys.executable, "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(port), "bench.echo:application"]
    command = daphne if server == "Daphne" else _uvicorn("bench.echo:application", port)
    pid = stage.process(command, port, stage.folder() / "log", own=True, cwd=BASE)
    people = [{"name": f"person{number}", "session": ""} for number in range(2 * stage.pairs)]
    return Contender(f"echo, {server}", "echo", port, "", {"people": people}, stage.roots(pid), idle=False)


CONTENDERS: dict[str, Callable[[Stage], Contender]] = {
    "llave": llave,
    "llave-2": partial(llave, name="llave, 2 processes", processes=2),
    "llave-uvicorn": llave_uvicorn,
    "shape": shape,
    "ejabberd": peers.ejabberd,
    "prosody": peers.prosody,
    "naive": naive,
    "echo": echo,
    "echo-uvicorn": partial(echo, server="uvicorn"),
}


def start(stage: Stage, names: Sequence[str]) -> list[Contender]:
    if {"ejabberd", "prosody"} & set(names):
        peers.install()
    return [CONTENDERS[name](stage) for name in names]


def _settings(stage: Stage, name: str, redis_url: str) -> dict[str, str]:
    return {"DATABASE_URL": stage.database(name), "REDIS_URL": redis_url, "POSTS_PER_MINUTE": NO_LIMIT}


def _of_product(stage: Stage, name: str, server: Server, redis_pid: int, processes: int = 1) -> Contender:
    others = max(stage.people - 2 * stage.pairs, -(-stage.idle // DEVICES))  # whose sockets are idle: they do not talk
    devices = max(1, -(-stage.idle // max(1, others)))
    crowd = json.loads(server.run("-m", "bench.crowd", str(stage.pairs), str(others), str(devices)))
    port = int(server.origin.rpartition(":")[2])
    roots = stage.roots(server.pid, redis_pid)
    return Contender(name, "llave", port, server.origin, crowd, roots, threads=processes, run=server.run)


def _of_channels(stage: Stage, name: str, port: int, command: list[str], redis_url: str = "") -> Contender:
    stage.database(name)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "bench.naive.settings",
        "BENCH_POSTGRES_PORT": str(stage.postgres_port),
        "BENCH_DATABASE": name,
        "BENCH_REDIS_URL": redis_url,
    }
    people = 2 * stage.pairs
    made = Server("", Path(), Path(), 0, environment).run("-m", "bench.naive.crowd", str(people))
    pid = stage.process(command, port, stage.folder() / "log", own=True, cwd=BASE, env=environment)
    return Contender(name, "plain", port, f"http://127.0.0.1:{port}", json.loads(made), stage.roots(pid))


def _uvicorn(application: str, port: int) -> list[str]:
    command = [sys.executable, "-m", "uvicorn", application, "--host", "127.0.0.1", "--port", str(port)]
    return [*command, "--log-level", "warning", *UVICORN]
