"""Bundles: who owns which devices (section 3)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from reference.encoding import ID_BYTES, ZERO32, Reader, label, strictly_ascending, u8, u32, u64, vec
from reference.errors import ProtocolError, require
from reference.primitives import check_ed25519, check_x25519, sha256, sign, verify

NAME = re.compile(rb"[a-z0-9._-]{3,32}")
MAX_DEVICES = 8
SUITE_1 = 1


@dataclass(frozen=True, slots=True)
class Device:
    """One entry of a bundle; keys 32 bytes, `added_ms` in milliseconds."""

    did: bytes
    ds_pub: bytes
    dk_pub: bytes
    added_ms: int


@dataclass(frozen=True, slots=True)
class BundleCore:
    """What the root signs; `devices` sorted by did."""

    suites: int
    uid: bytes
    name: str
    version: int
    prev_hash: bytes
    root_pub: bytes
    hk_pub: bytes
    hk_gen: int
    issued_ms: int
    devices: tuple[Device, ...]

    def device(self, did: bytes) -> Device | None:
        return next((device for device in self.devices if device.did == did), None)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A parsed bundle with the bytes it came from; `sig_old` empty or 64 bytes."""

    core: BundleCore
    core_bytes: bytes
    sig: bytes
    sig_old: bytes

    @property
    def hash(self) -> bytes:
        """bundle_hash = H(bundle_core)."""
        return sha256(self.core_bytes)

    def encode(self) -> bytes:
        return vec(self.core_bytes) + self.sig + vec(self.sig_old)


def encode_core(core: BundleCore) -> bytes:
    """bundle_core; devices come out sorted by did."""
    devices = sorted(core.devices, key=lambda device: device.did)
    entries = b"".join(device.did + device.ds_pub + device.dk_pub + u64(device.added_ms) for device in devices)
    return (
        label("bundle") + u8(core.suites) + core.uid + vec(core.name.encode("ascii")) + u32(core.version)
        + core.prev_hash + core.root_pub + core.hk_pub + u32(core.hk_gen) + u64(core.issued_ms) + u8(len(devices))
        + entries
    )  # fmt: skip


def make_bundle(core: BundleCore, *, root_seed: bytes, old_root_seed: bytes | None = None) -> Bundle:
    """Sign `core` with RS; `old_root_seed` adds `sig_old` and belongs to a change of RS only."""
    core_bytes = encode_core(core)
    sig_old = b"" if old_root_seed is None else sign(old_root_seed, label("bundle-rot") + sha256(core_bytes))
    return Bundle(
        _parse_core(core_bytes), core_bytes, sign(root_seed, label("bundle-sig") + sha256(core_bytes)), sig_old
    )


def parse_bundle(data: bytes) -> Bundle:
    """The checks a bundle must pass alone: BAD_ENCODING, BAD_SUITE, BAD_KEY, BAD_SIG, in this order."""
    reader = Reader(data)
    bundle = _read(reader)
    reader.end()
    require(bundle.core.suites & SUITE_1 != 0, "BAD_SUITE")
    _check_keys(bundle.core)
    verify(bundle.core.root_pub, label("bundle-sig") + bundle.hash, bundle.sig)
    return bundle


def accept_bundle(data: bytes, *, uid: bytes, name: str, previous: Bundle | None) -> tuple[Bundle, tuple[str, ...]]:
    """Accept the next version of `uid`; `previous` is the last one known, None at first contact.

    Returns the bundle and its notices. Errors: those of `parse_bundle`, NAME_REBOUND, BUNDLE_CHAIN_BROKEN, BAD_SIG.
    """
    bundle = parse_bundle(data)
    require(bundle.core.uid == uid and bundle.core.name == name, "NAME_REBOUND")
    version, prev_hash = (1, ZERO32) if previous is None else (previous.core.version + 1, previous.hash)
    require(bundle.core.version == version and bundle.core.prev_hash == prev_hash, "BUNDLE_CHAIN_BROKEN")
    if bundle.sig_old:
        _check_sig_old(bundle, previous)
    return bundle, () if previous is None else notices(previous, bundle)


def notices(previous: Bundle, bundle: Bundle) -> tuple[str, ...]:
    """What the change from one accepted version to the next means to a person."""
    if bundle.core.root_pub != previous.core.root_pub:
        return ("ROOT_ROTATED",) if bundle.sig_old else ("ROOT_RESET",)
    before = {device.did for device in previous.core.devices}
    after = {device.did for device in bundle.core.devices}
    added, removed = after - before, before - after
    return ("DEVICE_ADDED",) * bool(added) + ("DEVICE_REMOVED",) * bool(removed)


def change_since(root_pub: bytes, chain: Sequence[Bundle]) -> tuple[str, ...]:
    """The last change of the root, for whoever knew this person under another one; what was before that is no news."""
    if chain[-1].core.root_pub == root_pub:
        return ()
    roots = [bundle.core.root_pub for bundle in chain]
    last = max(at for at in range(len(chain)) if at == 0 or roots[at] != roots[at - 1])
    return ("ROOT_ROTATED",) if chain[last].sig_old else ("ROOT_RESET",)


def _read(reader: Reader) -> Bundle:
    core_bytes, sig, sig_old = reader.vec(), reader.take(64), reader.vec()
    require(len(sig_old) in (0, 64), "BAD_ENCODING")
    return Bundle(_parse_core(core_bytes), core_bytes, sig, sig_old)


def _parse_core(data: bytes) -> BundleCore:
    reader = Reader(data)
    reader.label("bundle")
    suites, uid, name, version = reader.u8(), reader.take(ID_BYTES), reader.vec(), reader.u32()
    prev_hash, root_pub, hk_pub = reader.take(32), reader.take(32), reader.take(32)
    hk_gen, issued_ms, count = reader.u32(), reader.u64(), reader.u8()
    require(NAME.fullmatch(name) is not None and 1 <= count <= MAX_DEVICES, "BAD_ENCODING")
    devices = tuple(_read_device(reader) for _ in range(count))
    reader.end()
    require(strictly_ascending([device.did for device in devices]) and version >= 1 and hk_gen >= 1, "BAD_ENCODING")
    return BundleCore(
        suites, uid, name.decode("ascii"), version, prev_hash, root_pub, hk_pub, hk_gen, issued_ms, devices
    )  # fmt: skip


def _read_device(reader: Reader) -> Device:
    return Device(reader.take(ID_BYTES), reader.take(32), reader.take(32), reader.u64())


def _check_keys(core: BundleCore) -> None:
    signing = [core.root_pub, *(device.ds_pub for device in core.devices)]
    agreement = [core.hk_pub, *(device.dk_pub for device in core.devices)]
    for public in signing:
        check_ed25519(public)
    for public in agreement:
        check_x25519(public)
    require(len({*signing, *agreement}) == len(signing) + len(agreement), "BAD_KEY")


def _check_sig_old(bundle: Bundle, previous: Bundle | None) -> None:
    if previous is None or previous.core.root_pub == bundle.core.root_pub:
        raise ProtocolError("BAD_SIG")
    verify(previous.core.root_pub, label("bundle-rot") + bundle.hash, bundle.sig_old)
