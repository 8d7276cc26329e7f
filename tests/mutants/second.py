"""What the second implementation and its look at a live site refuse."""

from tests.mutants import Mutant

MUTANTS = [
    Mutant(
        "chat-with-another-person",
        "reference/client.py",
        "        if _pair(found) != pair or (cid in self.exchanges and _pair_of(self.exchanges[cid]) != pair):\n",
        "        if False:\n",
        ("reference/tests/test_client.py",),
    ),
    Mutant(
        "sealed-after-an-alarm",
        "reference/client.py",
        "            if self.heeds_blocks and code not in self.decided:\n",
        "            if False:\n",
        ("reference/tests/test_client.py",),
    ),
    Mutant(
        "ended-epochs-believed",
        "reference/talk.py",
        "    talk.epochs, talk.chains = {}, {}\n",
        "    talk.missing = talk.missing\n",
        ("reference/tests/test_events.py",),
    ),
    Mutant(
        "another-policy-accepted",
        "reference/assets.py",
        '    if tuple(SOCKETS.sub("", rule) for rule in rules if rule not in scripts) != POLICY:\n',
        "    if False:\n",
        ("reference/tests/test_verify_assets.py",),
    ),
    Mutant(
        "markup-not-looked-at",
        "reference/assets.py",
        "    yield from _markup(page, _integrity(text))\n",
        "",
        ("reference/tests/test_verify_assets.py",),
    ),
]
