"""What a client believes about keys: the log and the bundles, fetched and verified (sections 3 to 5)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reference.bundle import Bundle, accept_bundle, change_since
from reference.encoding import b64, unb64
from reference.epochs import Directory
from reference.errors import ProtocolError, require
from reference.log import BundleLeaf, accept_head, check_usable, index_of, is_old, last_leaf, parse_leaf
from reference.prekeys import OPK, SPK, Prekey, accept_prekey
from reference.web import Web

KINDS = {"spk": SPK, "opk": OPK}  # as the server hands them out
MOST_VERSIONS = 2000  # of one person at once: far more than anyone's devices ever make
Step = tuple[Bundle, tuple[str, ...]]  # an accepted version and its notices


@dataclass(frozen=True, slots=True)
class DevicePrekeys:
    """What the server handed out for one device: a valid signed prekey, and a one-time one or None."""

    spk: Prekey
    opk: Prekey | None


@dataclass(slots=True)
class Notary:
    """The own tree and every verified bundle chain; grows, never shrinks. `log_pub` is pinned at first use.

    `pinned_size`: of the log at which `log_pub` was in force; None: of the own tree.

    `head`: the last head that was believed, with its signature behind it; `head_ms`: its time; `refused`: the last
    answer's, when it was not. `own_root`: RS_pub of
    the vault. `own_hashes`: of the bundles made here. `expected`: uid -> RS_pub out of a key file, until the bundles
    are there.
    """

    web: Web
    uid: bytes
    name: str
    log_pub: bytes | None = None
    pinned_size: int | None = None
    leaves: tuple[bytes, ...] = ()
    head: bytes | None = None
    head_ms: int = 0
    refused: bytes | None = None
    chains: dict[bytes, list[Bundle]] = field(default_factory=dict)
    own_root: bytes | None = None
    own_hashes: set[bytes] = field(default_factory=set)
    expected: dict[bytes, bytes] = field(default_factory=dict)
    names: dict[bytes, str] = field(default_factory=dict)
    expected_size: int = 0

    @property
    def directory(self) -> Directory:
        return Directory({bundle.hash: bundle for chain in self.chains.values() for bundle in chain}, self.leaves)

    def newest(self, uid: bytes) -> Bundle | None:
        chain = self.chains.get(uid)
        return chain[-1] if chain else None

    @property
    def is_behind_log(self) -> bool:
        return self.expected_size > len(self.leaves)

    def is_late(self, now_ms: int) -> bool:
        """The last head that was believed is too old to go by: what a log comes to that is not answered."""
        return self.head is not None and is_old(self.head_ms, now_ms)

    def expect_news(self, log_size: int | None = None) -> None:
        """The log has this many leaves, or at least one more than known."""
        self.expected_size = max(self.expected_size, len(self.leaves) + 1 if log_size is None else log_size)

    def sync_log(self, now_ms: int) -> tuple[str, ...]:
        """Fetch what is new up to one head and grow the tree to it; returns notices about own bundle and log key."""
        fresh: list[bytes] = []
        while True:
            answer = self.web.get("/api/keys/log/", **{"from": len(self.leaves) + len(fresh)})
            fresh += [unb64(leaf) for leaf in answer["leaves"]]
            if not answer["leaves"] or len(self.leaves) + len(fresh) >= answer["size"]:
                break
        self.refused = unb64(answer["head"]) + unb64(answer["sig"])
        own = self._own_news(fresh)
        accepted = accept_head(
            unb64(answer["head"]),
            unb64(answer["sig"]),
            log_pub=self.log_pub or unb64(answer["log_pub"]),
            pinned_size=self.pinned_size if self.log_pub else answer["size"],
            own_leaves=self.leaves,
            new_leaves=fresh,
            now_ms=now_ms,
            my_name=self.name,
            my_bundle_hashes=self._mine([*self.chains.get(self.uid, []), *(bundle for bundle, _ in own)]),
        )
        notices = tuple(code for _, told in own for code in told)
        if self.log_pub not in (None, accepted.log_pub):
            notices += ("LOG_KEY_ROTATED",)
        self.leaves, self.log_pub, self.pinned_size = accepted.leaves, accepted.log_pub, None
        self.chains.setdefault(self.uid, []).extend(bundle for bundle, _ in own)
        self.head, self.head_ms, self.refused = self.refused, accepted.head.ts_ms, None
        self.expected_size = len(self.leaves)
        return notices

    def sync_bundles(self, uid: bytes) -> tuple[str, ...]:
        """Fetch and verify the versions after the last known one; returns the notices of the changes.

        At first contact only a root other than the key file's is news (section 10, pins).
        """
        if not self._is_behind(uid):
            return ()
        is_known = self.newest(uid) is not None
        fetched = self._fetch_bundles(uid)
        chain = self.chains.setdefault(uid, [])
        chain.extend(bundle for bundle, _ in fetched)
        if self._is_behind(uid):
            raise ProtocolError("STALE_BUNDLE" if chain else "BUNDLE_NOT_IN_LOG")
        if uid in self.expected:
            return change_since(self.expected.pop(uid), chain)
        return tuple(code for _, told in fetched for code in told) if is_known else ()

    def adopt_own_chain(self) -> None:
        """All own bundles, before there is a log to judge them by."""
        self.chains.setdefault(self.uid, []).extend(bundle for bundle, _ in self._fetch_bundles(self.uid))

    def usable(self, uid: bytes) -> Bundle:
        """The newest bundle, when it is the last leaf of its idx; else STALE_BUNDLE or BUNDLE_NOT_IN_LOG."""
        bundle = self.newest(uid)
        if bundle is None:
            raise ProtocolError("BUNDLE_NOT_IN_LOG")
        check_usable(bundle, self.leaves)
        return bundle

    def fetch_prekeys(self, bundle: Bundle, dids: Iterable[bytes], now_ms: int) -> dict[bytes, DevicePrekeys]:
        """Prekeys of the given devices; a device whose prekey is refused or missing is left out."""
        wanted = [did.hex() for did in dids]
        if not wanted:
            return {}
        answer = self.web.post("/api/keys/prekeys/fetch/", uid=bundle.core.uid.hex(), dids=wanted)
        handed = {bytes.fromhex(did): entry for did, entry in answer["prekeys"].items()}
        found = {did: _accept(bundle, did, entry, now_ms) for did, entry in handed.items()}
        return {did: prekeys for did, prekeys in found.items() if prekeys is not None}

    def name_of(self, uid: bytes) -> str:
        if uid not in self.names:
            people = self.web.get("/api/people/by-uid/", uids=uid.hex())["people"]
            self.names |= {bytes.fromhex(person["uid"]): person["name"] for person in people}
        return self.names[uid]

    def _own_news(self, fresh: list[bytes]) -> list[Step]:
        """Own versions that the log shows and nobody made here: verified, to be believed with the head only."""
        parsed = [leaf for leaf in map(parse_leaf, fresh) if isinstance(leaf, BundleLeaf)]
        shown = {leaf.bundle_hash for leaf in parsed if leaf.idx == index_of(self.name)}
        if shown <= self._mine(self.chains.get(self.uid, [])):
            return []
        return [step for step in self._fetch_bundles(self.uid) if step[0].hash in shown]

    def _mine(self, chain: Sequence[Bundle]) -> set[bytes]:
        """What the log may hold under the own name: all before the first bundle of the own root, then that root only,
        and what was made here (section 4).
        """
        roots = [bundle.core.root_pub for bundle in chain]
        first = roots.index(self.own_root) if self.own_root in roots else 0
        mine = {bundle.hash for at, bundle in enumerate(chain) if at < first or roots[at] == self.own_root}
        return self.own_hashes | mine

    def _fetch_bundles(self, uid: bytes) -> list[Step]:
        """The versions after the last known one, verified; nothing is kept."""
        fetched: list[Step] = []
        last = self.newest(uid)
        while True:
            answer = self.web.get(f"/api/keys/bundles/{uid.hex()}/", after=last.core.version if last else 0)
            for text in answer["bundles"]:
                last, told = accept_bundle(unb64(text), uid=uid, name=self.name_of(uid), previous=last)
                fetched.append((last, told))
            require(len(fetched) <= MOST_VERSIONS, "BUNDLE_CHAIN_BROKEN")
            if not answer["bundles"] or last is None or last.core.version >= answer["current"]:
                return fetched

    def _is_behind(self, uid: bytes) -> bool:
        known, leaf = self.newest(uid), last_leaf(self.leaves, index_of(self.name_of(uid)))
        return leaf is not None and (known is None or known.core.version < leaf.version)


def prekey_fields(prekeys: Iterable[tuple[bytes, bytes]]) -> list[dict[str, str]]:
    """Prekeys and signatures as the HTTP contract wants them."""
    return [{"prekey": b64(data), "sig": b64(sig)} for data, sig in prekeys]


def _accept(bundle: Bundle, did: bytes, entry: Mapping[str, Mapping[str, str]], now_ms: int) -> DevicePrekeys | None:
    spk, opk = (_usable(bundle, did, entry, name, now_ms) for name in KINDS)
    return None if spk is None else DevicePrekeys(spk, opk)


def _usable(
    bundle: Bundle, did: bytes, entry: Mapping[str, Mapping[str, str]], name: str, now_ms: int
) -> Prekey | None:
    """None: refused, of the other kind, or not there."""
    try:
        prekey = _prekey(bundle, did, entry[name], now_ms)
    except (ProtocolError, KeyError, TypeError):
        return None
    return prekey if prekey.kind == KINDS[name] else None


def _prekey(bundle: Bundle, did: bytes, entry: Mapping[str, str], now_ms: int) -> Prekey:
    device = bundle.core.device(did)
    if device is None:
        raise ProtocolError("BAD_SIG")
    uid, ds_pub = bundle.core.uid, device.ds_pub
    return accept_prekey(unb64(entry["prekey"]), unb64(entry["sig"]), uid=uid, did=did, ds_pub=ds_pub, now_ms=now_ms)
