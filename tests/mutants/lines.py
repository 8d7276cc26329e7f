"""Plain lines to the server: how long a request may take to come, how much of an answer may lie unread."""

from tests.mutants import Mutant

TESTS = ("conversations/tests/test_plain_lines.py",)
MUTANTS = [
    Mutant(
        "lines-without-bounds",
        "conversations/server.py",
        "    factory.protocol = lambda: _GenericHTTPChannelProtocol(BoundedLine())  # type: ignore[no-untyped-call]\n",
        "",
        TESTS,
    ),
    Mutant(
        "requests-without-bounds",
        "conversations/server.py",
        "        protocol.requestFactory = BoundedRequest\n",
        "",
        TESTS,
    ),
    Mutant(
        "heads-that-trickle-in",
        "conversations/server.py",
        "        if not self._is_coming:\n",
        "        if True:\n",
        TESTS,
    ),
    Mutant(
        "bodies-that-trickle-in",
        "conversations/server.py",
        "        self.setTimeout(BODY_SECONDS)",
        "        self.setTimeout(None)",
        TESTS,
    ),
    Mutant(
        "silence-after-an-answer",
        "conversations/server.py",
        "        self.setTimeout(REQUEST_SECONDS)",
        "        self.setTimeout(None)",
        TESTS,
    ),
    Mutant(
        "answers-that-nobody-reads",
        "conversations/server.py",
        "        if unsent_bytes(self.channel.transport) > MAX_UNSENT_BYTES:\n",
        "        if False:\n",
        TESTS,
    ),
]
