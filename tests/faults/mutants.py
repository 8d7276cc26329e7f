"""Would the checker cry? In a copy of the tree one rule of delivery is broken at a time, in the server or in the
client, and one fault is made there: the verdict must name the invariant that the rule keeps.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFT_BEHIND = shutil.ignore_patterns(".git", ".venv", "var", "data", "static-built", "__pycache__", "*_cache", "docker")
EQUAL_SECONDS = "12"
SECONDS = 300
PIPELINE, SERVICES, LEDGER, JUDGING, EXCHANGE, CLIENT, LINK = (
    "conversations/pipeline.py",
    "conversations/services.py",
    "conversations/ledgersql.py",
    "conversations/judging.py",
    "reference/exchange.py",
    "reference/client.py",
    "reference/link.py",
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """`old` stands in `file` exactly once; with `new` in its place fault `number` breaks `invariant`."""

    name: str
    invariant: str
    number: int
    file: str
    old: str
    new: str


MUTANTS = [
    Mutant(
        "accepted_without_commit",
        "I1",
        18,
        PIPELINE,
        "ledgersql.writes(verdict, facts, now=now))",
        "[] if any(each.seq == 20 for each in verdict.events) else ledgersql.writes(verdict, facts, now=now))",
    ),
    Mutant(
        "a_page_of_a_moment_ago",
        "I1",
        17,
        SERVICES,
        'Event.objects.filter(conversation_id=cid, seq__gt=after).order_by("seq")',
        "Event.objects.filter(conversation_id=cid, seq__gt=after, at__lt=timezone.now() - "
        "__import__('datetime').timedelta(seconds=1)).order_by('seq')",
    ),
    Mutant(
        "sequences_with_holes",
        "I2",
        17,
        LEDGER,
        "SET seq = c.seq + w.added,",
        "SET seq = c.seq + w.added + 1,",
    ),
    Mutant(
        "a_lost_answer_is_sealed_again",
        "I3",
        2,
        EXCHANGE,
        "            seq = await self._send_once(own, content_id)\n",
        "            try:\n"
        "                seq = await asyncio.wait_for(self._send_once(own, str(uuid.uuid4())), 1)\n"
        "            except TimeoutError:\n"
        "                seq = None\n",
    ),
    Mutant(
        "shown_as_they_come",
        "I4",
        18,
        CLIENT,
        "            self._events.put_nowait(each)",
        "            asyncio.get_running_loop().call_later(hash(each) % 7 / 10, self._events.put_nowait, each)",
    ),
    Mutant(
        "ticked_when_posted",
        "I5",
        1,
        LINK,
        "            except (ConnectionError, TimeoutError):\n"
        "                await asyncio.sleep(0)\n"
        "            except PostRefused as refused:",
        "            except (ConnectionError, TimeoutError):\n"
        "                return wire.Accepted(client_id, 0, bytes(32), False)\n"
        "            except PostRefused as refused:",
    ),
    Mutant(
        "refused_texts_are_forgotten",
        "I6",
        28,
        EXCHANGE,
        '            if refused.code == "STALE_EPOCH":\n                return None',
        '            if refused.code == "STALE_EPOCH":\n                return talk.cursor',
    ),
    Mutant(
        "no_idempotency",
        "I6",
        2,
        JUDGING,
        "        accepted = self._repeated(post) or self._store(post, header, state)\n",
        "        accepted = self._store(post, header, state)\n",
    ),
    Mutant(
        "the_last_bytes_win",
        "I7",
        17,
        JUDGING,
        "        rules.check_repeat(post, cid=known.cid, kind=known.kind)\n",
        "        rules.check_repeat(post, cid=known.cid, kind=known.kind)\n"
        "        import threading\n"
        "        from conversations.models import Event\n"
        "        row = Event.objects.filter(did=post.did, client_id=post.client_id)\n"
        "        new = {'blob': post.blob, 'sha256': rules.digest(post.blob)}\n"
        "        threading.Thread(target=lambda: row.update(**new)).start()\n",
    ),
    Mutant(
        "bells_are_the_only_delivery",
        "I8",
        6,
        LINK,
        "                await socket.send(wire.ask_heads())",
        "                await asyncio.sleep(0)",
    ),
]


def check_all(names: list[str]) -> int:
    """Prints `name invariant caught|SURVIVED seconds`; 1 when one survived, 2 when one no longer fits its source."""
    chosen = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    if odd := [mutant.name for mutant in chosen if (ROOT / mutant.file).read_text("utf-8").count(mutant.old) != 1]:
        print(f"No longer fits its source: {', '.join(odd)}.", file=sys.stderr)
        return 2
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=LEFT_BEHIND)
        Path(folder).chmod(0o755)
        for mutant in chosen:
            began, said = time.monotonic(), verdict(mutant, copy)
            caught = f"{mutant.invariant}:" in said
            survivors += not caught
            word = "caught" if caught else f"SURVIVED: {said}"
            print(f"{mutant.name:<32}{mutant.invariant}  {word}  {time.monotonic() - began:.1f}", flush=True)
    return 1 if survivors else 0


def verdict(mutant: Mutant, copy: Path) -> str:
    """The table's line of the fault in the copy, whose file is as before afterwards."""
    path = copy / mutant.file
    source = path.read_text("utf-8")
    path.write_text(source.replace(mutant.old, mutant.new), "utf-8")
    command = [sys.executable, "-m", "tests.faults", f"F{mutant.number:02d}", "--seed", "1"]
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [*command, "--equal-seconds", EQUAL_SECONDS],
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return done.stdout
    except subprocess.TimeoutExpired:
        return "it hangs"
    finally:
        path.write_text(source, "utf-8")
