"""What operators lean on: numbers for insiders alone, logs that tell nothing, archives that are whole or refused."""

from tests.mutants import Mutant

MUTANTS = [
    Mutant(
        "numbers-for-strangers",
        "chatproject/lib/metricsport.py",
        "        if not is_inside(self.client_address[0]):",
        "        if False:",
        ("chatproject/tests/test_metrics.py",),
    ),
    Mutant(
        "clothed-address-believed",
        "chatproject/lib/metricsport.py",
        '    parsed = getattr(parsed, "ipv4_mapped", None) or parsed\n',
        "",
        ("chatproject/tests/test_metrics.py",),
    ),
    Mutant(
        "conversation-in-the-log",
        "chatproject/logs.py",
        '    (re.compile(r"(/)[0-9a-fA-F]{32}(?![0-9a-fA-F])"), r"\\1..."),\n',
        "",
        ("chatproject/tests/test_logs.py",),
    ),
    Mutant(
        "exception-text-in-the-log",
        "chatproject/logs.py",
        "        hidden = _without_exception(record, shown)",
        "        hidden = shown",
        ("chatproject/tests/test_logs.py",),
    ),
    Mutant(
        "pieces-of-archives-change-places",
        "chatproject/services/backup/box.py",
        '    return number.to_bytes(11, "big") + bytes([last])',
        "    return bytes(11) + bytes([last])",
        ("chatproject/tests/test_backup.py",),
    ),
    Mutant(
        "archives-cut-short",
        "chatproject/services/backup/box.py",
        '    return number.to_bytes(11, "big") + bytes([last])',
        '    return number.to_bytes(11, "big") + bytes(1)',
        ("chatproject/tests/test_backup.py",),
    ),
    Mutant(
        "archive-of-another-log",
        "chatproject/services/backup/load.py",
        '        raise BackupRefused("OTHER_SECRETS")',
        "        return",
        ("chatproject/tests/test_backup.py",),
    ),
    Mutant(
        "archive-that-does-not-add-up",
        "chatproject/services/backup/archive.py",
        'line.get("end") != found',
        "False",
        ("chatproject/tests/test_backup.py",),
    ),
    Mutant(
        "secrets-in-the-list-of-settings",
        "chatproject/env.py",
        '    return _CREDENTIALS.sub("//...@", value)',
        "    return value",
        ("chatproject/tests/test_env.py",),
    ),
    Mutant(
        "messages-outlive-their-timer",
        "conversations/retention.py",
        "            emptied += ended.count() if dry_run else ended.update(blob=NOTHING)\n",
        "            emptied += ended.count()\n",
        ("conversations/tests/test_retention.py",),
    ),
    Mutant(
        "messages-emptied-before-their-time",
        "conversations/retention.py",
        "at__lt=now - GRACE - timedelta(seconds=timer)",
        "at__lt=now - timedelta(seconds=timer)",
        ("conversations/tests/test_retention.py",),
    ),
    Mutant(
        "old-life-after-a-restore",
        "chatproject/services/backup/load.py",
        "            _begin_new_life(models)\n",
        "",
        ("chatproject/tests/test_backup.py",),
    ),
    Mutant(
        "password-with-an-at-shown",
        "chatproject/env.py",
        '_CREDENTIALS = re.compile(r"//[^/?#]*@")',
        '_CREDENTIALS = re.compile(r"//[^/@?#]*@")',
        ("chatproject/tests/test_env.py",),
    ),
]
