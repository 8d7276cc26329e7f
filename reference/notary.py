"""What a client believes about keys: the log and the bundles, fetched and verified (sections 3 to 5)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reference.bundle import Bundle, accept_bundle
from reference.encoding import b64, unb64
from reference.epochs import Directory
from reference.errors import ProtocolError, require
from reference.log import BundleLeaf, accept_head, check_logged, index_of, last_leaf, parse_leaf
from reference.prekeys import SPK, Prekey, accept_prekey
from reference.web import Web


@dataclass(frozen=True, slots=True)
class DevicePrekeys:
    """What the server handed out for one device: a valid signed prekey, and a one-time one or None."""

    spk: Prekey
    opk: Prekey | None


@dataclass(slots=True)
class Notary:
    """The own tree and every verified bundle chain; grows, never shrinks. `log_pub` is pinned at first use.

    `pinned_size`: of the log at which `log_pub` was in force; None: of the own tree.

    `head`: the last head that was believed, with its signature behind it.
    """

    web: Web
    uid: bytes
    name: str
    log_pub: bytes | None = None
    pinned_size: int | None = None
    leaves: tuple[bytes, ...] = ()
    head: bytes | None = None
    chains: dict[bytes, list[Bundle]] = field(default_factory=dict)
    own_hashes: set[bytes] = field(default_factory=set)
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
        notices = self._recognise_own(fresh)
        accepted = accept_head(
            unb64(answer["head"]),
            unb64(answer["sig"]),
            log_pub=self.log_pub or unb64(answer["log_pub"]),
            pinned_size=self.pinned_size if self.log_pub else answer["size"],
            own_leaves=self.leaves,
            new_leaves=fresh,
            now_ms=now_ms,
            my_name=self.name,
            my_bundle_hashes=self.own_hashes,
        )
        if self.log_pub not in (None, accepted.log_pub):
            notices += ("LOG_KEY_ROTATED",)
        self.leaves, self.log_pub, self.pinned_size = accepted.leaves, accepted.log_pub, None
        self.head = unb64(answer["head"]) + unb64(answer["sig"])
        self.expected_size = len(self.leaves)
        return notices

    def sync_bundles(self, uid: bytes) -> tuple[str, ...]:
        """Fetch and verify the versions after the last known one; returns the notices of the changes."""
        notices: tuple[str, ...] = ()
        while self._is_behind(uid):
            notices += self._fetch_bundles(uid)[1]
        return notices

    def adopt_own_chain(self) -> tuple[str, ...]:
        """All own bundles, before there is a log to judge them by; under the own name the log may hold these only."""
        answer: dict[str, Any] = {"current": 1}
        notices: tuple[str, ...] = ()
        while len(self.chains.get(self.uid, [])) < answer["current"]:
            answer, told = self._fetch_bundles(self.uid)
            notices += told
        self.own_hashes |= {bundle.hash for bundle in self.chains[self.uid]}
        return notices

    def usable(self, uid: bytes) -> Bundle:
        """The newest bundle, when it is the last leaf of its idx; BUNDLE_NOT_IN_LOG otherwise."""
        bundle = self.newest(uid)
        if bundle is None:
            raise ProtocolError("BUNDLE_NOT_IN_LOG")
        check_logged(bundle, self.leaves)
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

    def _recognise_own(self, fresh: list[bytes]) -> tuple[str, ...]:
        """A bundle that another device of this person published is the own one when the own root signed it."""
        known = self.newest(self.uid)
        parsed = [leaf for leaf in map(parse_leaf, fresh) if isinstance(leaf, BundleLeaf)]
        unknown = [
            leaf for leaf in parsed if leaf.idx == index_of(self.name) and leaf.bundle_hash not in self.own_hashes
        ]
        if known is None or not unknown:
            return ()
        _, notices = self._fetch_bundles(self.uid)
        chain = self.chains[self.uid]
        self.own_hashes |= {bundle.hash for bundle in chain if bundle.core.root_pub == known.core.root_pub}
        return notices

    def _fetch_bundles(self, uid: bytes) -> tuple[dict[str, Any], tuple[str, ...]]:
        notices: tuple[str, ...] = ()
        known = self.newest(uid)
        answer = self.web.get(f"/api/keys/bundles/{uid.hex()}/", after=known.core.version if known else 0)
        require(bool(answer["bundles"]), "BUNDLE_NOT_IN_LOG")
        for text in answer["bundles"]:
            bundle, told = accept_bundle(unb64(text), uid=uid, name=self.name_of(uid), previous=self.newest(uid))
            self.chains.setdefault(uid, []).append(bundle)
            notices += told
        return answer, notices

    def _is_behind(self, uid: bytes) -> bool:
        known, leaf = self.newest(uid), last_leaf(self.leaves, index_of(self.name_of(uid)))
        return leaf is not None and (known is None or known.core.version < leaf.version)


def prekey_fields(prekeys: Iterable[tuple[bytes, bytes]]) -> list[dict[str, str]]:
    """Prekeys and signatures as the HTTP contract wants them."""
    return [{"prekey": b64(data), "sig": b64(sig)} for data, sig in prekeys]


def _accept(bundle: Bundle, did: bytes, entry: Mapping[str, Mapping[str, str]], now_ms: int) -> DevicePrekeys | None:
    try:
        spk = _prekey(bundle, did, entry["spk"], now_ms)
        opk = _prekey(bundle, did, entry["opk"], now_ms) if entry["opk"] else None
    except (ProtocolError, KeyError, TypeError):
        return None
    return DevicePrekeys(spk, opk) if spk.kind == SPK else None


def _prekey(bundle: Bundle, did: bytes, entry: Mapping[str, str], now_ms: int) -> Prekey:
    device = bundle.core.device(did)
    if device is None:
        raise ProtocolError("BAD_SIG")
    uid, ds_pub = bundle.core.uid, device.ds_pub
    return accept_prekey(unb64(entry["prekey"]), unb64(entry["sig"]), uid=uid, did=did, ds_pub=ds_pub, now_ms=now_ms)
