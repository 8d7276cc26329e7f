"""One person at one browser, over HTTP: the login, the keys in memory, what is believed about others. Blocking."""

import time
from typing import Any

from reference import safety, wire
from reference.account import Account, check_account, check_owner, open_account
from reference.archive import Archive, Event, encode_archive, seal_archive
from reference.bundle import Bundle
from reference.encoding import b64, unb64
from reference.errors import CLASS_B, ProtocolError
from reference.evidence import Evidence
from reference.keyring import (
    OPK_POOL,
    Keyring,
    Vault,
    bundle_without,
    export_keyfile,
    make_keyring,
    make_vault,
    next_bundle,
    signed_prekeys,
    with_new_history_key,
    without_opk,
)
from reference.login import Credentials
from reference.notary import DevicePrekeys, Notary, prekey_fields
from reference.pool import Left, parse_left, renewed, without_over
from reference.session import session_proof
from reference.talk import Talk, needs_prekey
from reference.web import Web

STATE_WITHOUT_KEYS = "STORAGE_LOST"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Person:
    """`web` is fully logged in. Keys come with `make_keys` or `restore`."""

    def __init__(self, web: Web, credentials: Credentials) -> None:
        me = web.get("/api/me/")
        self.web, self.credentials = web, credentials
        self.uid, self.name = bytes.fromhex(me["uid"]), str(me["name"])
        self.notary = Notary(web, self.uid, self.name)
        self.evidence = Evidence(self.notary)
        self._keyring: Keyring | None = None

    @property
    def keyring(self) -> Keyring:
        if self._keyring is None:
            raise ProtocolError(STATE_WITHOUT_KEYS)
        return self._keyring

    @property
    def has_keys(self) -> bool:
        return self._keyring is not None

    def make_keys(self, *, opks: int = OPK_POOL) -> None:
        """RS, HK and this device's keys, in memory."""
        vault = make_vault()
        self.notary.own_root = vault.root_pub
        self._keyring = make_keyring(vault, self.uid, opks=opks, now_ms=now_ms())

    def drop_opk(self, key_id: int) -> None:
        self._keyring = without_opk(self.keyring, key_id)

    def prekeys_left(self) -> Left:
        """What the server can still hand out of this device. ValueError or LookupError when that is no answer."""
        return parse_left(self.web.get("/api/keys/prekeys/"))

    def renew_prekeys(self, left: Left) -> list[tuple[bytes, bytes]]:
        """The prekeys that are due, kept here before they are public; `leave_prekeys` brings them to the server."""
        before, self._keyring = self.keyring.device, renewed(self.keyring, left, now_ms())
        return signed_prekeys(self.keyring, but=before)

    def leave_prekeys(self, prekeys: list[tuple[bytes, bytes]]) -> None:
        self.web.post("/api/keys/prekeys/", prekeys=prekey_fields(prekeys))

    def drop_over(self) -> None:
        """Private halves past their date; only once everything that may have been sealed to them was processed."""
        self._keyring = without_over(self.keyring, now_ms())

    def publish(self) -> None:
        """The next bundle with this device and its prekeys, seen in the log afterwards; then bind the session to it."""
        now = now_ms()
        bundle = next_bundle(self.keyring, name=self.name, previous=self.notary.newest(self.uid), now_ms=now)
        self.notary.own_hashes.add(bundle.hash)
        prekeys = prekey_fields(signed_prekeys(self.keyring))
        self.web.post("/api/keys/publish/", bundle=b64(bundle.encode()), prekeys=prekeys)
        self.refresh_log()
        self.notary.sync_bundles(self.uid)
        self.bind()

    def remove(self, did: bytes) -> None:
        """The next bundle without a device of this person, if the last one has it.

        HK changes with another device (section 3): a key file made before does not open what comes.
        """
        self.notary.expect_news()
        self.refresh((self.uid,), log_size=0)
        current = self._current()
        if current.core.device(did) is None:
            return
        hk_gen = current.core.hk_gen
        if did != self.keyring.device.did:
            hk_gen += 1
            self._keyring = with_new_history_key(self.keyring, hk_gen)  # first: a lost answer loses no key
        bundle = bundle_without(self.keyring, did, previous=current, hk_gen=hk_gen, now_ms=now_ms())
        self.notary.own_hashes.add(bundle.hash)
        self.web.post("/api/keys/publish/", bundle=b64(bundle.encode()), prekeys=[])
        self.notary.expect_news()
        self.refresh((self.uid,), log_size=0)

    def bind(self) -> None:
        """Session proof (section 11)."""
        nonce, did = unb64(self.web.post("/api/keys/nonce/")["nonce"]), self.keyring.device.did
        sig = session_proof(self.web.origin, nonce, self.uid, did, ds_seed=self.keyring.ds_seed)
        self.web.post("/api/keys/session/", did=did.hex(), sig=b64(sig))

    def export_keyfile(self, passphrase: str) -> bytes:
        log_pub = self.notary.log_pub
        if log_pub is None:
            raise ProtocolError("BUNDLE_NOT_IN_LOG")
        return export_keyfile(
            self.keyring.vault,
            passphrase,
            origin=self.web.origin,
            bundle=self.notary.usable(self.uid),
            log_pub=log_pub,
            leaves=self.notary.leaves,
            now_ms=now_ms(),
        )

    def export(self, talk: Talk, events: list[wire.Item]) -> bytes:
        """These events with the bundles of both people and the whole log, sealed for the own history key."""
        uids, own = (talk.state.uid_lo, talk.state.uid_hi), self.notary.newest(self.uid)
        if self.notary.log_pub is None or self.notary.head is None or own is None:
            raise ProtocolError("BUNDLE_NOT_IN_LOG")
        archive = Archive(
            cid=talk.state.cid,
            uids=uids,
            names=(self.notary.name_of(uids[0]), self.notary.name_of(uids[1])),
            origin=self.web.origin,
            log_pub=self.notary.log_pub,
            made_ms=now_ms(),
            leaves=self.notary.leaves,
            head=self.notary.head,
            bundles=tuple(bundle.encode() for uid in talk.uids for bundle in self.notary.chains[uid]),
            events=tuple(Event(e.seq, e.kind == wire.RECORD, e.uid, e.did, e.at_ms, e.blob) for e in events),
        )
        return seal_archive(encode_archive(archive), hk_pub=own.core.hk_pub)

    def restore(self, data: bytes, passphrase: str, *, opks: int = OPK_POOL) -> tuple[str, ...]:
        """A new device from the key file, published beside the others; returns notices."""
        account, notices = self.judge(data, passphrase)
        vault = Vault(account.root_seed, account.hk_seeds)
        self._keyring = make_keyring(vault, self.uid, opks=opks, now_ms=now_ms())
        self.publish()
        return notices

    def judge(self, data: bytes, passphrase: str) -> tuple[Account, tuple[str, ...]]:
        """What a key file holds, and notices; its log and its pins are what is known from here on.

        Own bundles come before the log: its own leaves are judged by them, and the file by the last of them.
        """
        account = open_account(data, passphrase)
        self._check_owner(account)
        self.notary.log_pub, self.notary.pinned_size = account.log_pub, account.log_size
        self.notary.expected = {pin.uid: pin.root_pub for pin in account.pins if pin.uid != self.uid}
        notices = self.refresh_log()
        notices += check_account(account, current=self._current(), leaves=self.notary.leaves)
        return account, notices

    def _check_owner(self, account: Account) -> None:
        """It is this person's; from here on the own leaves of the log are judged by the present root."""
        self.notary.adopt_own_chain()
        roots = [bundle.core.root_pub for bundle in self.notary.chains[self.uid]]
        check_owner(account, uid=self.uid, name=self.name, roots=roots)
        self.notary.own_root = roots[-1]

    def safety_digits(self, uid: bytes) -> str:
        """What this person and another compare (section 11), by the newest bundles that the log has."""
        cores = [self.notary.usable(one).core for one in (self.uid, uid)]
        one, other = (safety.Person(core.uid, core.name, core.root_pub) for core in cores)
        return safety.safety_number(one, other)[0]

    def find(self, name: str) -> bytes:
        """The uid behind a user name; LookupError when there is none."""
        for person in self.web.get("/api/people/", q=name)["people"]:
            if person["name"] == name:
                return bytes.fromhex(person["uid"])
        raise LookupError(name)

    def refresh(self, uids: tuple[bytes, ...], *, log_size: int) -> tuple[str, ...]:
        """The log up to `log_size` at least, and the newest bundles of these people; returns notices."""
        notices = self.refresh_log() if self.needs_log(uids, log_size=log_size) else ()
        return notices + self.refresh_bundles(uids)

    def needs_log(self, uids: tuple[bytes, ...], *, log_size: int) -> bool:
        """The log goes on behind what is known of it, or one of these people was never seen."""
        self.notary.expect_news(log_size)
        return self.notary.is_behind_log or any(self.notary.newest(uid) is None for uid in uids)

    def refresh_log(self) -> tuple[str, ...]:
        """The whole log; returns notices. A head that is refused with an alarm is kept as evidence."""
        try:
            return self.notary.sync_log(now_ms())
        except ProtocolError as error:
            if error.code in CLASS_B:
                self.evidence.keep_head(error.code, now_ms())
            raise

    def keep_record(self, cid: bytes, item: wire.Item) -> None:
        """It stands for another log."""
        where = {"cid": cid.hex(), "seq": item.seq, "uid": item.uid.hex(), "did": item.did.hex()}
        self.evidence.keep_record(item.blob, where, now_ms())

    def evidence_file(self) -> bytes | None:
        """What shows an alarm of the log (section 13); None: there was none."""
        return self.evidence.file(self.web.origin, now_ms())

    @property
    def is_log_late(self) -> bool:
        return self.notary.is_late(now_ms())

    def refresh_bundles(self, uids: tuple[bytes, ...]) -> tuple[str, ...]:
        """The newest bundles of these people that the log has; returns notices."""
        return tuple(code for uid in uids for code in self.notary.sync_bundles(uid))

    def prekeys(self, talk: Talk, kind: int) -> dict[bytes, DevicePrekeys]:
        """Prekeys of every device that a record of this kind cannot address by its leaf."""
        found: dict[bytes, DevicePrekeys] = {}
        for uid in talk.uids:
            bundle = self.notary.usable(uid)
            wanted = needs_prekey(talk, kind, self.keyring.device, bundle)
            found |= self.notary.fetch_prekeys(bundle, wanted, now_ms())
        return found

    def open_conversation(self, uid: bytes) -> dict[str, Any]:
        return self.web.post("/api/conversations/", uid=uid.hex())

    def conversations(self) -> list[dict[str, Any]]:
        return list(self.web.get("/api/conversations/")["conversations"])

    def _current(self) -> Bundle:
        bundle = self.notary.newest(self.uid)
        if bundle is None:
            raise ProtocolError("BUNDLE_NOT_IN_LOG")
        return bundle
