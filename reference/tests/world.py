"""A server in memory for clients of the reference: honest, unless a test puts something else in its fields."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from reference import exchange, keyfile, primitives, wire
from reference.account import encode_account, open_account
from reference.bundle import Bundle, make_bundle, parse_bundle
from reference.client import Client
from reference.encoding import Reader, b64, unb64
from reference.envelope import parse_header
from reference.link import PostRefused
from reference.log import leaf_of, make_head
from reference.login import Credentials
from reference.person import Person
from reference.primitives import ed25519_public, private_key, sha256
from reference.record import parse_record
from reference.web import HttpRefused

PASSPHRASE = "correct horse battery staple"
SALT = bytes(32)
OPKS = 6


@dataclass
class Server:
    """`bound`: uid -> the device of its login; `chats`: cid -> uids; `events`: cid -> what it orders.

    `withheld`: uid -> events that this person never gets.
    `unreachable`: devices of which it hands out no prekey; `head_age_ms`: how old the heads are that it signs;
    `log_instead`: what it does when it is asked for the log; `clock_off_ms`: by how much its clock is ahead.
    """

    log_seed: bytes = field(default_factory=private_key)
    leaves: list = field(default_factory=list)
    uids: dict = field(default_factory=dict)
    bundles: dict = field(default_factory=dict)
    prekeys: dict = field(default_factory=dict)
    bound: dict = field(default_factory=dict)
    chats: dict = field(default_factory=dict)
    events: dict = field(default_factory=dict)
    links: list = field(default_factory=list)
    withheld: dict = field(default_factory=dict)
    unreachable: set = field(default_factory=set)
    head_age_ms: int = 0
    log_instead: Callable | None = None
    clock_off_ms: int = 0

    def register(self, name):
        self.uids.setdefault(name, sha256(name.encode())[:16])

    def chat_of(self, *uids):
        """The pair's one chat."""
        pair = (min(uids), max(uids))
        cid = next((cid for cid, known in self.chats.items() if known == pair), sha256(b"cid" + b"".join(pair))[:16])
        self.chats.setdefault(cid, pair)
        self.events.setdefault(cid, [])
        return cid

    def take_bundle(self, bundle):
        """Stored and logged, whoever signed it."""
        self.bundles.setdefault(bundle.core.uid, []).append(bundle)
        self.leaves.append(leaf_of(bundle))

    def order(self, cid, kind, uid, did, client_id, blob):
        """The next event of a conversation."""
        seq = len(self.events[cid]) + 1
        at_ms = exchange.now_ms() + self.clock_off_ms
        self.events[cid].append(wire.Item(seq, kind, uid, did, client_id, sha256(blob), blob, at_ms))
        return self.events[cid][-1]

    def given_to(self, uid, cid):
        """As if what is withheld had never come: those behind it move up."""
        given = [item for item in self.events[cid] if item not in self.withheld.get(uid, ())]
        return [replace(item, seq=seq) for seq, item in enumerate(given, 1)]

    def answer(self, uid, method, path, fields):
        for pattern, work in ROUTES:
            if found := re.fullmatch(pattern, f"{method} {path}"):
                return work(self, uid, *found.groups(), **fields)
        raise HttpRefused(404, "NOT_FOUND")

    def names_of(self, uids):
        return [{"uid": uid.hex(), "name": name} for name, uid in self.uids.items() if uid in uids]

    def log(self, _, **fields):
        if self.log_instead is not None:
            return self.log_instead()
        log_pub, ts_ms = ed25519_public(self.log_seed), time.time_ns() // 10**6 - self.head_age_ms
        head, sig = make_head(self.leaves, log_seed=self.log_seed, log_pub=log_pub, ts_ms=ts_ms)
        found = {"leaves": [b64(leaf) for leaf in self.leaves[int(fields["from"]) :]], "size": len(self.leaves)}
        return {**found, "head": b64(head), "sig": b64(sig), "log_pub": b64(log_pub)}

    def bundles_after(self, _, uid, after):
        known = self.bundles.get(bytes.fromhex(uid), [])
        return {
            "bundles": [b64(bundle.encode()) for bundle in known if bundle.core.version > after],
            "current": len(known),
        }

    def publish(self, uid, bundle, prekeys):
        self.take_bundle(parse_bundle(unb64(bundle)))
        return self.add_prekeys(uid, prekeys)

    def add_prekeys(self, _, prekeys):
        for entry in prekeys:
            prekey = Reader(unb64(entry["prekey"]))
            prekey.label("prekey")
            kind, _, did = prekey.u8(), prekey.take(16), prekey.take(16)
            known = self.prekeys.setdefault(did, {1: [], 2: []})
            known[kind] = [*known[2], entry] if kind == 2 else [entry]
        return {}

    def bind(self, uid, did, sig):
        self.bound[uid] = bytes.fromhex(did)
        return {}

    def prekeys_left(self, uid):
        known = self.prekeys[self.bound[uid]]
        return {"opk_left": len(known[2]), "spk_not_after_ms": int.from_bytes(unb64(known[1][0]["prekey"])[-8:], "big")}

    def hand_out(self, _, uid, dids):
        found = {}
        for did in dids:
            if bytes.fromhex(did) in self.unreachable:
                continue
            known = self.prekeys[bytes.fromhex(did)]
            found[did] = {"spk": known[1][0], "opk": known[2].pop() if known[2] else None}
        return {"prekeys": found}

    def open_chat(self, asker, uid):
        return self.shown(self.chat_of(asker, bytes.fromhex(uid)))

    def shown(self, cid):
        return {"cid": cid.hex(), "uids": [uid.hex() for uid in self.chats[cid]]}

    def listed(self, uid):
        return {"conversations": [self.shown(cid) for cid, pair in self.chats.items() if uid in pair]}


ROUTES = [
    (r"GET /api/me/", lambda server, uid: server.names_of([uid])[0]),
    (r"GET /api/keys/log/", Server.log),
    (r"GET /api/keys/bundles/(\w+)/", Server.bundles_after),
    (r"POST /api/keys/publish/", Server.publish),
    (r"POST /api/keys/nonce/", lambda server, uid: {"nonce": b64(bytes(32))}),
    (r"POST /api/keys/session/", Server.bind),
    (r"GET /api/keys/prekeys/", Server.prekeys_left),
    (r"POST /api/keys/prekeys/", Server.add_prekeys),
    (r"POST /api/keys/prekeys/fetch/", Server.hand_out),
    (r"GET /api/people/", lambda server, uid, q: {"people": server.names_of([server.uids[q]])}),
    (r"GET /api/people/by-uid/", lambda server, uid, uids: {"people": server.names_of([bytes.fromhex(uids)])}),
    (r"POST /api/conversations/", lambda server, asker, uid: server.open_chat(asker, uid)),
    (r"GET /api/conversations/", lambda server, uid: server.listed(uid)),
]


@dataclass
class Web:
    """What reference.web.Web is, for one login."""

    server: Server
    uid: bytes
    origin: str = "https://chat.example"
    cookies: str = ""

    def get(self, path, **query):
        return self.server.answer(self.uid, "GET", path, query)

    def post(self, path, **fields):
        return self.server.answer(self.uid, "POST", path, fields)


class Link:
    """What reference.link.Link is; it rings only when a test calls `on_news`, and doubts when it calls `on_doubt`."""

    is_online = True

    def __init__(self, server, uid, did, on_news, on_doubt):
        self.server, self.uid, self.did = server, uid, did
        self.on_news, self.on_doubt = on_news, on_doubt

    async def open(self):
        self.server.links.append(self)
        self.on_news({}, len(self.server.leaves))

    async def close(self):
        self.server.links.remove(self)

    async def ack(self, cid, upto):
        pass

    async def pull(self, cid, after):
        items = tuple(self.server.given_to(self.uid, cid)[after : after + 3])
        return wire.Events(cid, after + 1, after + len(items), items)

    async def post(self, cid, client_id, kind, blob, blobs=()):
        records = [item for item in self.server.events[cid] if item.kind == wire.RECORD]
        if kind == wire.RECORD and parse_record(blob).core.epoch != len(records):
            raise PostRefused(wire.Refused(client_id, 409, "EPOCH_CONFLICT", None))
        if kind == wire.MESSAGE and parse_header(blob).epoch != len(records) - 1:
            raise PostRefused(wire.Refused(client_id, 409, "STALE_EPOCH", None))
        item = self.server.order(cid, kind, self.uid, self.did, client_id, blob)
        return wire.Accepted(client_id, item.seq, item.sha256, dup=False)


def browser(server, name):
    """Logged in, without keys."""
    server.register(name)
    web = Web(server, server.uids[name])
    client = Client(Person(web, Credentials(name, "", b"", [])))
    client.wait_for_next_s = 0
    client.make_link = lambda *given, **hooks: Link(server, web.uid, given[2], hooks["on_news"], hooks["on_doubt"])
    return client


async def person(server, name):
    """With the first keys of the account."""
    client = browser(server, name)
    client.make_keys(opks=OPKS)
    await client.publish()
    return client


async def talking(server):
    """Alice and Bob, and the chat in which each has written once."""
    alice, bob = await person(server, "alice"), await person(server, "bob")
    cid = await alice.start(bob.uid)
    await bob.start(alice.uid)
    await alice.send(cid, "hello")
    await bob.catch_up(cid)
    await bob.send(cid, "hi")
    await alice.catch_up(cid)
    return alice, bob, cid


def another_root(server, bundle: Bundle, *, old_seed=None) -> Bundle:
    """The next version under a fresh root, stored and logged; with `old_seed` the old one vouches for it."""
    seed = private_key()
    core = replace(
        bundle.core, version=bundle.core.version + 1, prev_hash=bundle.hash, root_pub=ed25519_public(seed)
    )  # fmt: skip
    server.take_bundle(make_bundle(core, root_seed=seed, old_root_seed=old_seed))
    return server.bundles[bundle.core.uid][-1]


def key_file(client, *pins, **changes):
    """Of this client's account, by a browser that knew these people; `changes` of its other fields."""
    account = replace(open_account(client.export_keyfile(PASSPHRASE), PASSPHRASE), pins=pins, **changes)
    m = keyfile.stretch(PASSPHRASE, SALT, keyfile.MIN_ITERATIONS)
    return keyfile.make_keyfile(
        encode_account(account), kind=keyfile.ACCOUNT, m=m, salt=SALT, iterations=keyfile.MIN_ITERATIONS
    )


def read(client):
    """Texts and codes since the last time."""
    return [getattr(news, "text", None) or getattr(news, "code", None) for news in client.heard()]


def one_round(monkeypatch):
    """Passphrases are stretched once, not 600,000 times."""
    monkeypatch.setattr(keyfile, "pbkdf2", lambda password, salt, _: primitives.pbkdf2(password, salt, 1))
