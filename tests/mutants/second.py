"""What the second implementation and its look at a live site refuse."""

from tests.mutants import Mutant

MUTANTS = [
    Mutant(
        "chat-with-another-person",
        "reference/pairs.py",
        "    if pair_of(found) != pair or known.get(cid, pair) != pair:\n",
        "    if False:\n",
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
        "    talk.epochs, talk.chains, talk.starved = {}, {}, False\n",
        "    talk.missing = talk.missing\n",
        ("reference/tests/test_events.py",),
    ),
    Mutant(
        "refused-record-not-counted",
        "reference/exchange.py",
        "                    count_refused(self.talk, item.blob)\n",
        "                    pass\n",
        ("reference/tests/test_events.py",),
    ),
    Mutant(
        "record-lost-to-a-stale-log",
        "reference/logwatch.py",
        "            if log_size > len(self._person.notary.leaves):\n",
        "            if False:\n",
        ("reference/tests/test_logwatch.py",),
    ),
    Mutant(
        "unreachable-browser-asked-for-every-time",
        "reference/wish.py",
        "    return listed - unreached != talk.state.members\n",
        "    return listed != talk.state.members\n",
        ("reference/tests/test_proposing.py",),
    ),
    Mutant(
        "history-key-kept-after-a-removal",
        "reference/person.py",
        "        if did != self.keyring.device.did:\n",
        "        if False:\n",
        ("reference/tests/test_client.py",),
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
