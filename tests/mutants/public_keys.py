"""Bundles, prekeys, the log, the session proof."""

from tests.mutants import Mutant

MUTANTS = [
    Mutant(
        "one-time-prekey-given-twice",
        "keys/services/handout.py",
        "        if Prekey.objects.filter(pk=oldest[0].pk).delete()[0]:\n            return oldest[0]",
        "        return oldest[0]",
        ("keys/tests/test_prekeys.py::test_a_one_time_prekey_is_handed_out_once_oldest_first",),
    ),
    Mutant(
        "strangers-take-the-last-ten",
        "keys/services/handout.py",
        "    return 0 if is_contact(requester, target) else RESERVE",
        "    return 0",
        ("keys/tests/test_prekeys.py",),
    ),
    Mutant(
        "nonce-used-twice",
        "keys/views.py",
        "    expected = await request.session.apop(NONCE_KEY, None)",
        "    expected = await request.session.aget(NONCE_KEY, None)",
        ("keys/tests/test_binding.py",),
    ),
    Mutant(
        "proof-of-any-origin",
        "keys/views.py",
        "    if expected is None or origin not in settings.ALLOWED_ORIGINS:",
        "    if expected is None:",
        ("keys/tests/test_binding.py",),
    ),
    Mutant(
        "device-of-another",
        "keys/services/publishing.py",
        "    if device.owner_id != owner.pk or not same_keys:",
        "    if not same_keys:",
        ("keys/tests/test_publish.py",),
    ),
    Mutant(
        "bundle-under-another-name",
        "keys/services/publishing.py",
        '    if (parsed.core.uid, parsed.core.name) != (owner.uid.bytes, owner.name):\n        raise Refused("NAME_REBOUND")\n    if parsed',  # noqa: E501
        "    if parsed",
        ("keys/tests/test_publish.py",),
    ),
    Mutant(
        "log-appended-outside",
        "keys/services/publishing.py",
        "    with transaction.atomic():\n        size = logbook.lock_log()",
        "    if True:\n        size = logbook.lock_log()",
        ("keys/tests/test_publish.py::test_an_error_after_the_leaf_leaves_neither_leaf_nor_bundle",),
    ),
    Mutant(
        "signer-forgets",
        "keys/signer.py",
        '    if size < last.size:\n        raise SignerRefused("smaller than the last signed head")\n',
        "",
        ("keys/tests/test_signer.py",),
    ),
    Mutant(
        "signer-signs-a-fork",
        "keys/signer.py",
        '    if old_root != bytes(last.root):\n        raise SignerRefused("not the history of the last signed head")\n',  # noqa: E501
        "",
        ("keys/tests/test_signer.py",),
    ),
    Mutant(
        "audit-believes-any-new-log-key",
        "keys/keychain.py",
        "        formats.check_key_leaf(leaf)\n",
        "",
        ("keys/tests/test_rotation.py",),
    ),
    Mutant(
        "audit-believes-the-rows-of-log-keys",
        "keys/audit.py",
        "    yield from audit.key_changes()\n",
        "",
        ("keys/tests/test_rotation.py",),
    ),
    Mutant(
        "new-log-key-vouched-for-over-damage",
        "keys/signer.py",
        "    root = _root_after_last(size)\n",
        "    root = _roots(0, size)[1]\n",
        ("keys/tests/test_rotation.py",),
    ),
    Mutant(
        "log-key-comes-back",
        "keys/signer.py",
        '    if new in _former():\n        raise SignerRefused("the first key of LOG_KEY_SEED was in force before")\n',
        "",
        ("keys/tests/test_rotation.py",),
    ),
    Mutant(
        "serves-without-the-log-key-in-force",
        "keys/checks.py",
        "(signer.is_own(newest) and signer.can_sign())",
        "signer.is_own(newest)",
        ("keys/tests/test_rotation.py",),
    ),
]
