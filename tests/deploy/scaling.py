"""What the autoscaler of web makes of open sockets: `python -m tests.deploy.scaling ORIGIN MANIFESTS`.

MANIFESTS is what was applied, with an autoscaler that looks at sockets. Reference clients open sockets at ORIGIN,
beside those that others have open, until one more pod is due than the least; the autoscaler has to report them and to
make the pod. They close theirs, and it has to report that and to take the pod back. Exit status 1, with what was seen
last, when one of it does not come.
"""

import asyncio
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from reference.client import Client
from tests.faults.people import PASSWORD, Fault

SECONDS = 180.0  # the autoscaler looks every 15 s
LOOK_SECONDS = 1.0
Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scaler:
    """The autoscaler as it stands in manifests; `kind`: its resource in the version of the manifests."""

    kind: str
    metric: str
    target: int
    least: int


@dataclass(frozen=True, slots=True)
class Seen:
    """`average`: of a pod, as the autoscaler reports it, None: not at all; `wanted`: its pods; `ready`: who serves."""

    average: float | None
    wanted: int
    ready: int

    @property
    def sockets(self) -> float:
        """All that the autoscaler knows of, on the pods that serve."""
        return (self.average or 0) * self.ready


def read(manifests: str) -> Scaler:
    """Of YAML, in which the autoscaler looks at one number of pods alone."""
    (found,) = [one for one in yaml.safe_load_all(manifests) if one["kind"] == "HorizontalPodAutoscaler"]
    ((metric, target),) = [(each["pods"]["metric"], each["pods"]["target"]) for each in found["spec"]["metrics"]]
    group, version = found["apiVersion"].split("/")
    return Scaler(
        f"horizontalpodautoscalers.{version}.{group}",
        metric["name"], int(target["averageValue"]), found["spec"]["minReplicas"],
    )  # fmt: skip


def told(scaler: Scaler, autoscaler: Object, deployment: Object) -> Seen:
    """What both objects of the cluster say."""
    status = autoscaler.get("status", {})
    averages = [
        quantity(each["pods"]["current"]["averageValue"])
        for each in status.get("currentMetrics") or []
        if each["type"] == "Pods" and each["pods"]["metric"]["name"] == scaler.metric
    ]
    return Seen(
        averages[0] if averages else None,
        status.get("desiredReplicas", 0), deployment.get("status", {}).get("readyReplicas", 0),
    )  # fmt: skip


def quantity(text: str) -> float:
    """A number as Kubernetes writes it, whole or in thousandths."""
    return int(text.removesuffix("m")) / (1000 if text.endswith("m") else 1)


def look(scaler: Scaler) -> Seen:
    return told(scaler, _get(scaler.kind), _get("deployments"))


def _get(kind: str) -> Object:
    done = subprocess.run(
        ["kubectl", "--namespace", "llave", "get", kind, "web", "--output", "json"],
        check=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    return dict(json.loads(done.stdout))


async def until(scaler: Scaler, so: Callable[[Seen], bool], what: str) -> Seen:
    """What was seen when it was so, told with the seconds it took; Fault when it never was."""
    began = time.monotonic()
    while not so(seen := await asyncio.to_thread(look, scaler)):
        if time.monotonic() - began > SECONDS:
            raise Fault(f"not within {SECONDS:g} s: {what}; seen last: {seen}")
        await asyncio.sleep(LOOK_SECONDS)
    print(f"after {time.monotonic() - began:.0f} s: {what}; {seen}", flush=True)
    return seen


async def open_socket(origin: str) -> Client:
    client = await Client.sign_up(origin, f"socket-{secrets.token_hex(4)}", PASSWORD)
    client.make_keys(opks=1)
    await client.publish()
    return client


async def run(origin: str, scaler: Scaler) -> None:
    more = scaler.least + 1
    calm = await until(
        scaler,
        lambda now: now.average is not None and now.ready == now.wanted == scaler.least,
        f"{scaler.metric} is reported, of {scaler.least} pods",
    )
    fresh = more * scaler.target - round(calm.sockets)
    clients = []
    try:
        for _ in range(fresh):
            clients.append(await open_socket(origin))
        await until(scaler, lambda now: now.wanted == more, f"with {fresh} more sockets {more} pods are wanted")
        await until(scaler, lambda now: now.ready == more, f"{more} pods serve")
    finally:
        for client in clients:
            await client.close()
    await until(
        scaler,
        lambda now: now.wanted == scaler.least and now.average is not None and now.average < scaler.target,
        f"without them {scaler.least} pods are wanted",
    )
    await until(scaler, lambda now: now.ready == scaler.least, f"{scaler.least} pods serve")


def main(words: list[str]) -> int:
    origin, manifests = words
    try:
        asyncio.run(run(origin.rstrip("/"), read(Path(manifests).read_text("utf-8"))))
    except Fault as fault:
        print(f"BROKEN: {fault}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
