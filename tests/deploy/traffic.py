"""Traffic at an installation while things are done to it, judged by the invariants I1 to I8 of docs/delivery.md:
`python -m tests.deploy.traffic ORIGIN [--step WHAT COMMAND]... [--pause WHAT COMMAND]...`

Reference clients sign up and write to their neighbours. For each step in turn they write for as long as COMMAND (of
the shell) runs, and some texts more; then all must be equal, the invariants must hold over the whole history, and no
text may have failed. At a `--pause` nobody writes meanwhile, and afterwards everybody logs in again with the keys that
they have, as after a restored backup. SSL_CERT_FILE names the certificate to trust when it is not a public one.
"""

import argparse
import asyncio
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from reference.client import Client
from reference.login import log_in
from tests.deploy.story import wait_until_ready
from tests.faults.crowd import Crowd
from tests.faults.people import PASSWORD, Device, Fault, hold

PEOPLE = ("alice", "bob", "carol", "dave")
RATE = 5.0  # texts a second of all together: below what one may send in a minute
TEXTS, TEXTS_SECONDS = 20, 180.0


@dataclass(frozen=True, slots=True)
class Step:
    """`pause`: nobody writes meanwhile, and all log in again."""

    what: str
    command: str
    pause: bool


class _Keep(argparse.Action):
    """Steps and pauses in the order in which they were given."""

    def __call__(self, parser: object, given: argparse.Namespace, values: Sequence[str], option: str = "") -> None:
        what, command = values
        given.steps.append(Step(what, command, pause=option == "--pause"))


async def gather(origin: str) -> Crowd:
    """A crowd at the installation, under names that nobody has."""
    mark = secrets.token_hex(3)
    crowd = Crowd(seed=secrets.randbelow(10**6) * 1000)
    names = [f"{name}-{mark}" for name in PEOPLE]
    for name in names:
        client = await Client.sign_up(origin, name, PASSWORD)
        client.make_keys(opks=20)
        await crowd.join(Device(name, client, None, crowd.history))
    await crowd.start_ring(names)
    return crowd


async def take(crowd: Crowd, step: Step) -> str:
    """What was measured. Fault when an invariant or the step itself does not hold."""
    history = crowd.history
    typed, unavailable, repeated = len(history.typed), history.refused["UNAVAILABLE"], history.repeated
    sent = len(history.sent_seconds)
    if step.pause:
        await _run(step)
        await _come_back(crowd)
    async with crowd.traffic(RATE) as traffic:
        if not step.pause:
            await traffic.goes_on(TEXTS, TEXTS_SECONDS)
            await _run(step)
        await traffic.goes_on(TEXTS, TEXTS_SECONDS)
    equal = await crowd.settle()
    hold(not history.failed, f"{len(history.failed)} texts failed: {next(iter(history.failed.values()), '')}")
    if found := crowd.verdict():
        raise Fault(f"{found[0]} ({len(found)} in all)")
    return (
        f"{len(history.typed) - typed} texts, 0 lost, 0 failed, {history.refused['UNAVAILABLE'] - unavailable} posts "
        f"answered 503 and sent again, {history.repeated - repeated} answers repeated; "
        f"slowest post {max(history.sent_seconds[sent:]):.1f} s; all equal after {equal:.1f} s; I1 to I8 hold"
    )


async def _run(step: Step) -> None:
    process = await asyncio.create_subprocess_shell(step.command, stdout=sys.stderr)
    hold(await process.wait() == 0, f"the command ended with {process.returncode}")


async def _come_back(crowd: Crowd) -> None:
    origin = next(iter(crowd.devices.values())).client.person.web.origin
    await asyncio.to_thread(wait_until_ready, origin)  # what passes the line on may have to find its way anew
    for device in crowd.devices.values():
        client = device.client
        await client.close()
        await asyncio.to_thread(log_in, client.person.web, client.person.credentials)
        await asyncio.to_thread(client.person.bind)
        await client.connect()


async def run(origin: str, steps: list[Step]) -> int:
    crowd = await gather(origin)
    try:
        for step in steps:
            try:
                said = await take(crowd, step)
            except Fault as fault:
                print(f"BROKEN: {step.what}: {fault}", flush=True)
                return 1
            print(f"held: {step.what}: {said}", flush=True)
    finally:
        await crowd.close()
    return 0


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("origin")
    for option in ("--step", "--pause"):
        parser.add_argument(option, nargs=2, action=_Keep, metavar=("WHAT", "COMMAND"), dest=option)
    parser.set_defaults(steps=[])
    given = parser.parse_args(words)
    origin = given.origin.rstrip("/")
    wait_until_ready(origin)
    return asyncio.run(run(origin, given.steps or [Step("nothing happens", "true", pause=False)]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
