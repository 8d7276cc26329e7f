"""Plain lines to the server: how long a request may take to come, how much of an answer may lie unread, how many of a
network are served.
"""

from tests.mutants import Mutant

TESTS = ("conversations/tests/test_plain_lines.py",)
OF_TURNS = ("chatproject/tests/test_turns.py",)
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
    Mutant(
        "requests-without-turns",
        "chatproject/settings.py",
        '    "chatproject.turns.Turns",\n',
        "",
        OF_TURNS,
    ),
    Mutant(
        "turns-outlast-the-deadline",
        "chatproject/settings.py",
        '    "chatproject.deadline.Deadline",\n    "chatproject.turns.Turns",\n',
        '    "chatproject.turns.Turns",\n    "chatproject.deadline.Deadline",\n',
        OF_TURNS,
    ),
    Mutant(
        "turns-of-all-networks-together",
        "chatproject/turns.py",
        "queues().turn(network_prefix(client_address(request)))",
        'queues().turn("")',
        OF_TURNS,
    ),
    Mutant(
        "turns-by-address",
        "chatproject/turns.py",
        "queues().turn(network_prefix(client_address(request)))",
        "queues().turn(client_address(request))",
        OF_TURNS,
    ),
    Mutant(
        "who-waits-keeps-a-turn",
        "chatproject/lib/waits.py",
        "    _give_turn_back.get()()\n",
        "",
        (*OF_TURNS, "conversations/tests/test_longpoll.py"),
    ),
    Mutant(
        "waiting-places-without-end",
        "chatproject/turns.py",
        "        if queue.asked >= MAX_ASKED:\n",
        "        if False:\n",
        OF_TURNS,
    ),
]
