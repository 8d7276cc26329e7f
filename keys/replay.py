"""What every prefix of the log must obey (protocol section 4): versions step by one, a name keeps its uid. Pure."""

from keys.errors import Refused
from keys.formats import AnyLeaf, Leaf


class Replay:
    """Takes the leaves in order and keeps the last one of each name."""

    def __init__(self) -> None:
        self.last: dict[bytes, Leaf] = {}

    def add(self, leaf: AnyLeaf) -> None:
        """Refuse NAME_REBOUND or BUNDLE_CHAIN_BROKEN; nothing is kept then."""
        if not isinstance(leaf, Leaf):
            return
        before = self.last.get(leaf.idx)
        if before and before.uid_hash != leaf.uid_hash:
            raise Refused("NAME_REBOUND")
        if leaf.version != (before.version + 1 if before else 1):
            raise Refused("BUNDLE_CHAIN_BROKEN")
        self.last[leaf.idx] = leaf
