"""One person's keys and one device's: made, put into bundles, carried by the key file (sections 2, 3, 5, 10)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from reference.account import Account, encode_account
from reference.bundle import Bundle, BundleCore, Device, make_bundle
from reference.encoding import ZERO32
from reference.epochs import OwnDevice
from reference.keyfile import ACCOUNT, MIN_ITERATIONS, make_keyfile, stretch
from reference.merkle import root
from reference.prekeys import OPK, SPK, Prekey, make_prekey
from reference.primitives import ed25519_public, private_key, random_bytes, x25519_public

SPK_LIFE_MS = 14 * 24 * 60 * 60 * 1000
OPK_POOL = 50
NEVER_MS = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Vault:
    """RS and the history keys; `hk_seeds`: hk_gen -> private key."""

    root_seed: bytes = field(repr=False)
    hk_seeds: dict[int, bytes] = field(repr=False)

    @property
    def root_pub(self) -> bytes:
        return ed25519_public(self.root_seed)


@dataclass(frozen=True, slots=True)
class Keyring:
    """Everything private that a client holds: the vault, and its device with DS.

    `spk_until`: id -> not_after_ms of every signed prekey that was ever made; `next_opk`: an id that none had.
    """

    vault: Vault
    device: OwnDevice
    ds_seed: bytes = field(repr=False)
    spk_until: Mapping[int, int]
    next_opk: int


def make_vault() -> Vault:
    return Vault(private_key(), {1: private_key()})


def make_keyring(vault: Vault, uid: bytes, *, opks: int = OPK_POOL, now_ms: int) -> Keyring:
    """A new device with one signed prekey and `opks` one-time prekeys."""
    one_time = {key_id: private_key() for key_id in range(1, opks + 1)}
    device = OwnDevice(uid, random_bytes(16), private_key(), {1: private_key()}, one_time)
    return Keyring(vault, device, private_key(), spk_until={1: now_ms + SPK_LIFE_MS}, next_opk=opks + 1)


def without_opk(keyring: Keyring, key_id: int) -> Keyring:
    """One-time prekeys are deleted at first use."""
    opks = {known: seed for known, seed in keyring.device.opks.items() if known != key_id}
    return replace(keyring, device=replace(keyring.device, opks=opks))


def next_bundle(keyring: Keyring, *, name: str, previous: Bundle | None, now_ms: int) -> Bundle:
    """The version after `previous` (None: the first) with this device added; under the same root HK stays as it is."""
    device = keyring.device
    entry = Device(device.did, ed25519_public(keyring.ds_seed), x25519_public(device.dk_seed), now_ms)
    hk_gen = max(keyring.vault.hk_seeds)
    hk_pub = x25519_public(keyring.vault.hk_seeds[hk_gen])
    if previous is not None and previous.core.root_pub == keyring.vault.root_pub:
        hk_gen, hk_pub = previous.core.hk_gen, previous.core.hk_pub
    core = BundleCore(
        suites=1,
        uid=device.uid,
        name=name,
        version=1 if previous is None else previous.core.version + 1,
        prev_hash=ZERO32 if previous is None else previous.hash,
        root_pub=keyring.vault.root_pub,
        hk_pub=hk_pub,
        hk_gen=hk_gen,
        issued_ms=now_ms,
        devices=(*(() if previous is None else previous.core.devices), entry),
    )
    return make_bundle(core, root_seed=keyring.vault.root_seed)


def with_new_history_key(keyring: Keyring, hk_gen: int) -> Keyring:
    """A fresh HK of this generation; those before it stay."""
    hk_seeds = {**keyring.vault.hk_seeds, hk_gen: private_key()}
    return replace(keyring, vault=replace(keyring.vault, hk_seeds=hk_seeds))


def bundle_without(keyring: Keyring, did: bytes, *, previous: Bundle, hk_gen: int, now_ms: int) -> Bundle:
    """The version after `previous` from which a device is gone; `hk_gen`: of `previous`, or a new one of the vault."""
    core = previous.core
    left = tuple(entry for entry in core.devices if entry.did != did)
    core = replace(core, version=core.version + 1, prev_hash=previous.hash, issued_ms=now_ms, devices=left)
    if hk_gen != core.hk_gen:
        core = replace(core, hk_gen=hk_gen, hk_pub=x25519_public(keyring.vault.hk_seeds[hk_gen]))
    return make_bundle(core, root_seed=keyring.vault.root_seed)


def signed_prekeys(keyring: Keyring, *, but: OwnDevice | None = None) -> list[tuple[bytes, bytes]]:
    """All prekeys of the device with their signatures, without those that it had before (`but`)."""
    device = keyring.device
    before = but or replace(device, spks={}, opks={})
    entries = [(SPK, key_id, device.spks[key_id], keyring.spk_until[key_id]) for key_id in device.spks]
    entries += [(OPK, key_id, seed, NEVER_MS) for key_id, seed in device.opks.items()]
    prekeys = (
        Prekey(kind, device.uid, device.did, key_id, x25519_public(seed), until)
        for kind, key_id, seed, until in entries
        if key_id not in (before.spks if kind == SPK else before.opks)
    )
    return [make_prekey(prekey, ds_seed=keyring.ds_seed) for prekey in prekeys]


def export_keyfile(
    vault: Vault, passphrase: str, *, origin: str, bundle: Bundle, log_pub: bytes, leaves: Sequence[bytes], now_ms: int
) -> bytes:
    """The account's key file at the floor of iterations."""
    account = Account(
        uid=bundle.core.uid,
        name=bundle.core.name,
        origin=origin,
        root_seed=vault.root_seed,
        hk_seeds=vault.hk_seeds,
        bundle_version=bundle.core.version,
        bundle_hash=bundle.hash,
        log_pub=log_pub,
        log_size=len(leaves),
        log_root=root(leaves),
        made_ms=now_ms,
    )
    salt = random_bytes(32)
    m = stretch(passphrase, salt, MIN_ITERATIONS)
    return make_keyfile(encode_account(account), kind=ACCOUNT, m=m, salt=salt, iterations=MIN_ITERATIONS)
