"""Test doubles: people with key sets, made as a browser makes them."""

import os
import time
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from accounts.models import User
from keys import bundles, formats, services
from keys.services import SignedPrekey

DAY_MS = 24 * 60 * 60 * 1000


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def x_pub() -> bytes:
    return X25519PrivateKey.generate().public_key().public_bytes_raw()


@dataclass
class Browser:
    """One device of one person."""

    uid: bytes
    did: bytes = field(default_factory=lambda: os.urandom(16))
    ds: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    dk_pub: bytes = field(default_factory=x_pub)

    @property
    def id(self) -> UUID:
        return UUID(bytes=self.did)

    def entry(self) -> bundles.DeviceEntry:
        return bundles.DeviceEntry(self.did, self.ds.public_key().public_bytes_raw(), self.dk_pub, 1_700_000_000_000)

    def prekey(self, kind: int, number: int, *, days: float = 14, **odd: Any) -> SignedPrekey:
        prekey = formats.Prekey(kind, self.uid, self.did, number, x_pub(), now_ms() + int(days * DAY_MS))
        prekey = replace(prekey, **odd)
        return SignedPrekey(prekey, prekey.encode(), self.ds.sign(prekey.encode()))

    def spk(self, number: int = 1, **odd: Any) -> SignedPrekey:
        return self.prekey(formats.SPK, number, **odd)

    def opks(self, *numbers: int) -> list[SignedPrekey]:
        return [self.prekey(formats.OPK, number) for number in numbers]

    def prove(self, origin: str, nonce: bytes) -> bytes:
        return self.ds.sign(formats.session_proof(origin=origin, nonce=nonce, uid=self.uid, did=self.did))


class Owner:
    """A person, their root key and their browsers; `bundle` makes the next version, `publish` publishes it."""

    def __init__(self, user: User, browsers: int = 1) -> None:
        self.user = user
        self.root = Ed25519PrivateKey.generate()
        self.hk_pub = x_pub()
        self.browsers = [Browser(user.uid.bytes) for _ in range(browsers)]
        self.version, self.prev_hash = 0, bundles.Z32

    def core(self, **odd: Any) -> bundles.BundleCore:
        devices = tuple(sorted((browser.entry() for browser in self.browsers), key=lambda entry: entry.did))
        core = bundles.BundleCore(
            1,
            self.user.uid.bytes,
            self.user.name,
            self.version + 1,
            self.prev_hash,
            self.root.public_key().public_bytes_raw(),
            self.hk_pub,
            1,
            now_ms(),
            devices,
        )
        return replace(core, **odd)

    def bundle(self, *, old_root: Ed25519PrivateKey | None = None, **odd: Any) -> bytes:
        core = self.core(**odd).encode()
        sig = self.root.sign(bundles.signed_bundle(formats.H(core)))
        sig_old = old_root.sign(bundles.signed_rotation(formats.H(core))) if old_root else b""
        return bundles.encode_bundle(core, sig, sig_old)

    def publish(self, prekeys: list[SignedPrekey] | None = None, **odd: Any) -> None:
        blob = self.bundle(**odd)
        services.publish(owner=self.user, bundle=blob, prekeys=prekeys or [])
        self.version, self.prev_hash = self.version + 1, bundles.open_bundle(blob)[0].bundle_hash

    def publish_with_prekeys(self, *, opks: int) -> Browser:
        browser = self.browsers[0]
        self.publish([browser.spk(), *browser.opks(*range(1, opks + 1))])
        return browser
