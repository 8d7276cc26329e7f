"""What is not shown: faults that do not hold or are not made here, and what was shortened in those that are."""

# number: why it is not held, or which part of its line is not built
OPEN: dict[int, str] = {}

HEARTBEAT = "25 s until heads are asked for, and 2 s for what they lead to"

# number: what its test leaves out, in words for the table
PARTLY: dict[int, str] = {
    3: HEARTBEAT,
    6: f"{HEARTBEAT}; chats that have keys: handing out prekeys is counted in Redis and answers 503 until it is back",
    7: HEARTBEAT,
    8: f"{HEARTBEAT}; no counter rises: Channels drops silently over capacity, the product's own layer has none",
    11: "the page only; I4 leaves out the copies of what the other one lost, which stay where they are",
    15: "loss of bells and of events that are handed over, not of TCP segments",
    16: "a second socket of a device replaces the first: the second way is HTTPS",
    19: "the server's clock by +11 h: sessions end after 12 h; the client's clock by the page before a stand-in server",
    20: "in a world, where the checker judges it, in Chromium",
    21: "power loss is an older copy of the profile put back; in Chromium",
    23: "the browser's quota for the site is used up, no disk is filled; in Chromium",
    24: "statements of a migration; the release before beside this one runs in tests/test_upgrade.py",
    26: "the layer has no membership that expires: the socket's own end after 12 h, at 4 s",
    29: "sealed one after the other, as one outbox does",
    30: "90 days and prekeys past their date by the page's clock before a stand-in server; no retention, which "
    "conversations/tests/test_retention.py looks after",
}

# number: durations that are shorter than in the catalogue; the fault is the same
SHORTENED: dict[int, str] = {
    4: "10 kills for 5 minutes",
    6: "60 s for 10 minutes",
    11: "a backup of some seconds ago for 10 min",
    12: "a volume of 160 MiB",
    13: "cuts of 30 s and 45 s for 30 s and 30 min",
    15: "latency up to 2 s",
    22: "400 events and 400 pages that nobody reads",
    28: "8 races of 16 texts",
    30: "5,000 events for 50,000",
}
