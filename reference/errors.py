"""The closed list of section 13, its class B, and the one exception that carries a code of it."""

CLASS_B = frozenset(  # nothing is sealed until the person decides
    [
        "ROOT_ROTATED",
        "ROOT_RESET",
        "RESTART_SUSPECT",
        "EPOCH_FORK",
        "EPOCH_ROLLBACK",
        "BUNDLE_NOT_IN_LOG",
        "BUNDLE_CHAIN_BROKEN",
        "STALE_BUNDLE",
        "LOG_BAD_HEAD",
        "LOG_ROLLBACK",
        "LOG_SPLIT_VIEW",
        "LOG_SELF_FORGED",
        "SELF_FORGED",
        "STATE_ROLLBACK",
        "STORAGE_LOST",
        "SEQ_REWRITE",
        "CODE_UNTRUSTED",
    ]
)
UNDECIDABLE = frozenset(["SEQ_REWRITE", "CODE_UNTRUSTED"])  # the past or the program is another: nothing to go on with
CODES = CLASS_B | frozenset(
    [
        "BAD_VERSION",
        "BAD_SUITE",
        "BAD_ENCODING",
        "BAD_KEY",
        "BAD_SIG",
        "BAD_TAG",
        "BAD_COMMIT",
        "BAD_PADDING",
        "BAD_CONTENT",
        "WRONG_CONVERSATION",
        "SENDER_MISMATCH",
        "DEVICE_NOT_IN_EPOCH",
        "NO_EPOCH_KEY",
        "COUNTER_TOO_FAR",
        "DUPLICATE",
        "ACTION_NOT_OWNER",
        "ACTION_UNKNOWN_TARGET",
        "FILE_HASH_MISMATCH",
        "FILE_TRUNCATED",
        "FILE_TOO_LARGE",
        "PREKEY_EXPIRED",
        "PREKEY_UNKNOWN",
        "LEAF_MISMATCH",
        "BAD_CONFIRM",
        "EPOCH_GAP",
        "COUNTER_GAP",
        "MESSAGES_WITHHELD",
        "COUNTER_REUSE",
        "MODE_CHANGED",
        "DEVICE_ADDED",
        "DEVICE_REMOVED",
        "NAME_REBOUND",
        "NOT_A_MEMBER",
        "LOG_STALE",
        "CLOCK_SKEW",
        "SEQ_GAP",
        "KEYFILE_STALE",
        "LOG_KEY_ROTATED",
        "KEYFILE_BAD_FORMAT",
        "KEYFILE_KDF_REFUSED",
        "KEYFILE_WRONG_PASSPHRASE",
        "KEYFILE_DAMAGED",
        "KEYFILE_WRONG_ACCOUNT",
    ]
)


class ProtocolError(Exception):
    """An object was refused. `code` is one of section 13; no text, so that no key or content byte can ride along."""

    def __init__(self, code: str) -> None:
        if code not in CODES:
            raise ValueError(f"{code} is not in section 13")
        super().__init__(code)
        self.code = code


def require(condition: bool, code: str) -> None:
    """Refuse with `code` unless `condition` holds."""
    if not condition:
        raise ProtocolError(code)
