"""The bundle of protocol section 3: who owns which devices. Strict parser and encoder, pure.

Every check stands in the order that the protocol gives; labels and limits stand beside their use.
"""

import itertools
import re
import struct
from dataclasses import dataclass

from keys.curves import check_ed25519, check_x25519, verify
from keys.errors import Refused
from keys.formats import H, Reader, label, vec

Z32 = bytes(32)
MAX_DEVICES = 8
NAME = re.compile(rb"[a-z0-9._-]{3,32}")


@dataclass(frozen=True, slots=True)
class DeviceEntry:
    did: bytes
    ds_pub: bytes
    dk_pub: bytes
    added_ms: int

    def encode(self) -> bytes:
        return self.did + self.ds_pub + self.dk_pub + struct.pack(">Q", self.added_ms)


@dataclass(frozen=True, slots=True)
class BundleCore:
    suites: int
    uid: bytes
    name: str
    version: int
    prev_hash: bytes
    root_pub: bytes
    hk_pub: bytes
    hk_gen: int
    issued_ms: int
    devices: tuple[DeviceEntry, ...]

    def encode(self) -> bytes:
        """bundle_core; devices in the order given."""
        return (
            label("bundle")
            + bytes([self.suites])
            + self.uid
            + vec(self.name.encode("ascii"))
            + struct.pack(">I", self.version)
            + self.prev_hash
            + self.root_pub
            + self.hk_pub
            + struct.pack(">IQB", self.hk_gen, self.issued_ms, len(self.devices))
            + b"".join(device.encode() for device in self.devices)
        )

    @property
    def keys(self) -> list[bytes]:
        return [self.root_pub, self.hk_pub, *(key for device in self.devices for key in (device.ds_pub, device.dk_pub))]


@dataclass(frozen=True, slots=True)
class Bundle:
    core: BundleCore
    bundle_hash: bytes
    sig_old: bytes


def signed_bundle(bundle_hash: bytes) -> bytes:
    """What the root signs (`sig`)."""
    return label("bundle-sig") + bundle_hash


def signed_rotation(bundle_hash: bytes) -> bytes:
    """What the root before signs when it hands over (`sig_old`)."""
    return label("bundle-rot") + bundle_hash


def encode_bundle(core: bytes, sig: bytes, sig_old: bytes) -> bytes:
    return vec(core) + sig + vec(sig_old)


def parse_bundle(data: bytes) -> Bundle:
    """A bundle that is well formed, has good and distinct keys, and is signed by its own root.

    Refuses BAD_ENCODING, BAD_SUITE, BAD_KEY, BAD_SIG in that order (section 3).
    """
    bundle, sig = open_bundle(data)
    if not bundle.core.suites & 1:
        raise Refused("BAD_SUITE")
    _check_keys(bundle.core)
    verify(pub=bundle.core.root_pub, message=signed_bundle(bundle.bundle_hash), sig=sig)
    return bundle


def open_bundle(data: bytes) -> tuple[Bundle, bytes]:
    """A well-formed bundle and its signature, nothing judged: for what passed `parse_bundle` before it was kept.

    Refuses BAD_ENCODING.
    """
    outer = Reader(data)
    core, sig, sig_old = outer.vec(), outer.take(64), outer.vec()
    outer.end()
    if len(sig_old) not in (0, 64):
        raise Refused("BAD_ENCODING")
    return Bundle(core=_parse_core(core), bundle_hash=H(core), sig_old=sig_old), sig


def check_successor(bundle: Bundle, *, uid: bytes, name: str, previous: Bundle | None) -> None:
    """Refuse unless `bundle` is of this uid and name and follows `previous` (None: it is version 1).

    NAME_REBOUND, BUNDLE_CHAIN_BROKEN, BAD_SIG (sig_old) in that order (section 3).
    """
    core = bundle.core
    if core.uid != uid or core.name != name:
        raise Refused("NAME_REBOUND")
    version, prev_hash = (previous.core.version, previous.bundle_hash) if previous else (0, Z32)
    if core.version != version + 1 or core.prev_hash != prev_hash:
        raise Refused("BUNDLE_CHAIN_BROKEN")
    if bundle.sig_old:
        if previous is None or previous.core.root_pub == core.root_pub:
            raise Refused("BAD_SIG")
        verify(pub=previous.core.root_pub, message=signed_rotation(bundle.bundle_hash), sig=bundle.sig_old)


def _parse_core(data: bytes) -> BundleCore:
    reader = Reader(data)
    reader.label("bundle")
    suites, uid, name, version = reader.uint(1), reader.take(16), reader.vec(), reader.uint(4)
    prev_hash, root_pub, hk_pub = reader.take(32), reader.take(32), reader.take(32)
    hk_gen, issued_ms, count = reader.uint(4), reader.uint(8), reader.uint(1)
    devices = tuple(
        DeviceEntry(reader.take(16), reader.take(32), reader.take(32), reader.uint(8)) for _ in range(count)
    )
    reader.end()
    dids = [device.did for device in devices]
    ascending = all(low < high for low, high in itertools.pairwise(dids))
    if not NAME.fullmatch(name) or not 1 <= count <= MAX_DEVICES or not ascending or version < 1 or hk_gen < 1:
        raise Refused("BAD_ENCODING")
    return BundleCore(
        suites, uid, name.decode("ascii"), version, prev_hash, root_pub, hk_pub, hk_gen, issued_ms, devices
    )


def _check_keys(core: BundleCore) -> None:
    check_ed25519(core.root_pub)
    check_x25519(core.hk_pub)
    for device in core.devices:
        check_ed25519(device.ds_pub)
        check_x25519(device.dk_pub)
    if len(set(core.keys)) != len(core.keys):
        raise Refused("BAD_KEY")
