"""What a thief of the memory finds in a page: the strings of a heap snapshot, how many arrays live, every living key.

Chromium collects its garbage before it takes one, so that what is found is what something still holds. What is looked
for must never be given to Playwright as an argument: its own scripts live on the same heap. Chromium shows nobody the
bytes of an array; but a page that holds no more of them than one that was never unlocked holds no key more.
"""

import json
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import CDPSession, Error, Page

KIND = "function () { return `${this.type} ${this.algorithm.name}`; }"
SHOWN = """() => document.documentElement.outerHTML
  + Array.from(document.querySelectorAll("input, textarea"), ({ value }) => value).join("\\n")"""


@dataclass(frozen=True)
class Memory:
    """`arrays`: how many of bytes. `keys`: type and algorithm of each CryptoKey."""

    text: str
    arrays: int
    keys: tuple[str, ...]

    def found(self, canaries: list[str]) -> list[str]:
        """Which of these stand in a string or in the page."""
        return [canary for canary in canaries if canary in self.text]


def look(page: Page) -> Memory:
    line = page.context.new_cdp_session(page)
    try:
        snapshot = _snapshot(line)
        keys = _described(line, _nodes_of(snapshot, "CryptoKey"), KIND)
        text = "\n".join([*snapshot["strings"], page.evaluate(SHOWN)])
    finally:
        line.detach()
    return Memory(text, len(_nodes_of(snapshot, "Uint8Array")), tuple(sorted(keys)))


def _snapshot(line: CDPSession) -> dict[str, Any]:
    chunks: list[str] = []
    line.on("HeapProfiler.addHeapSnapshotChunk", lambda part: chunks.append(part["chunk"]))
    line.send("HeapProfiler.enable")
    line.send("HeapProfiler.collectGarbage")
    line.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    taken: dict[str, Any] = json.loads("".join(chunks))
    return taken


def _described(line: CDPSession, nodes: list[int], describe: str) -> list[str]:
    """What `describe` says of each that still lives; of the prototype it says nothing."""
    said = []
    for node in nodes:
        try:
            known = line.send("HeapProfiler.getObjectByHeapObjectId", {"objectId": str(node)})["result"]["objectId"]
        except Error:
            continue
        call = {"objectId": known, "functionDeclaration": describe, "returnByValue": True}
        said.append(line.send("Runtime.callFunctionOn", call)["result"].get("value"))
        line.send("Runtime.releaseObject", {"objectId": known})
    return [one for one in said if one]


def _nodes_of(snapshot: dict[str, Any], wanted: str) -> list[int]:
    """The numbers of all objects of this name, their constructor and prototype among them."""
    fields, strings, nodes = snapshot["snapshot"]["meta"]["node_fields"], snapshot["strings"], snapshot["nodes"]
    name, number = fields.index("name"), fields.index("id")
    starts = range(0, len(nodes), len(fields))
    return [nodes[at + number] for at in starts if strings[nodes[at + name]] == wanted]
