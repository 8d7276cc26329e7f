"""The keys of the log as its key leaves tell them (protocol section 4)."""

from keys import formats
from keys.errors import Refused
from keys.models import LogHead


class KeyChain:
    """Takes the key leaves in order. `changes`: index of the leaf, old key, new key."""

    def __init__(self) -> None:
        self.changes: list[tuple[int, bytes, bytes]] = []

    def add(self, leaf: formats.KeyLeaf, *, index: int, root: bytes) -> None:
        """`root` of the leaves before it. Refuse LOG_BAD_HEAD or LOG_SPLIT_VIEW; nothing is kept then."""
        if self.changes and self.changes[-1][2] != leaf.old_pub:
            raise Refused("LOG_BAD_HEAD")
        formats.check_key_leaf(leaf)
        if (leaf.size, leaf.root) != (index, root):
            raise Refused("LOG_SPLIT_VIEW")
        self.changes.append((index, leaf.old_pub, leaf.new_pub))

    def in_force(self, size: int, first_key: bytes) -> bytes:
        """The key of a head of this size; `first_key` where no leaf tells of any."""
        before = [new for index, _old, new in self.changes if index < size]
        if before:
            return before[-1]
        return self.changes[0][1] if self.changes else first_key

    def signed(self, row: LogHead, first_key: bytes) -> bool:
        """Whether the stored head has the signature of the key in force at its size."""
        pub = self.in_force(row.size, first_key)
        head = formats.Head(formats.log_id_of(pub), row.size, bytes(row.root), row.ts_ms)
        try:
            formats.check_head(head, sig=bytes(row.sig), log_pub=pub)
        except Refused:
            return False
        return True
