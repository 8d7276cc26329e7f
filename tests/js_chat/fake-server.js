/** The server's contract in memory: fetch and WebSocket as a browser sees them, with faults that tests switch on. */

import { equal, fromBase64Url, hex, toBase64Url, u64, unhex, vec } from "/static/js/lib/bytes.js";
import { acceptBundle, decodeBundle } from "/static/js/crypto/bundle.js";
import { parseHeader } from "/static/js/crypto/envelope.js";
import { parseRecord } from "/static/js/crypto/epoch.js";
import { NEXT, PREKEY_SIGNED } from "/static/js/crypto/labels.js";
import { appendLeaves, emptyLog, encodeHead, encodeLeaf, logId, logRoot, signHead } from "/static/js/crypto/log.js";
import { signKeyLeaf } from "/static/js/crypto/log-key.js";
import { parsePrekey } from "/static/js/crypto/prekeys.js";
import { generateEd25519, randomBytes, sha256, verify } from "/static/js/crypto/primitives.js";
import { encodeSession } from "/static/js/crypto/session.js";

import { FakeBlobs } from "./fake-blobs.js";
import { FakePolls } from "./fake-polls.js";

export const ORIGIN = "https://chat.test";
const JSON_TYPE = "application/json";
const BYTES_TYPE = "application/octet-stream";

class Refusal extends Error {
  constructor(status, code, retryAfter) {
    super(code);
    Object.assign(this, { status, code, retryAfter });
  }
}

/** One server; `client(name)` is one browser's way to it. */
export class FakeServer {
  people = new Map(); // uid -> {uid, name, bundles: Bundle[]}
  leaves = [];
  log = emptyLog();
  writeNumbers = new Map();
  prekeys = new Map(); // did -> {spk, opks: []}
  conversations = new Map(); // cid -> {cid, uids, seq, epoch, th, events, next: Map}
  sockets = new Set();
  incarnation = "first";
  hellos = [];
  kinds = {};
  skew = 0; // of the clock that dates the log, in ms
  offline = new Set(); // client objects
  loseAnswers = 0; // posts that are stored and then lose the line
  postsSeen = 0;
  pullsSeen = 0;
  handsOver = false; // events come instead of bells
  refusePosts = []; // codes for the next posts
  blobs = new FakeBlobs(Refusal);
  polls = new FakePolls(this);
  listsSeen = 0;
  acks = new Map(); // "did/cid" -> upto
  refusePulls = []; // [status, code] of the next pulls over HTTP
  forgetBlobs = 0; // posts before which the server loses every attachment
  queue = Promise.resolve();
  growth = Promise.resolve(); // of the log
  now = () => Date.now();
  soon = (run) => setTimeout(run, 0); // what goes over a line; the second argument is its socket

  static async make() {
    const server = new FakeServer();
    server.key = await generateEd25519();
    return server;
  }

  addPerson(name) {
    const person = { uid: hex(randomBytes(16)), name, bundles: [] };
    this.people.set(person.uid, person);
    return person;
  }

  /** @returns {{fetch: Function, open: Function, goOffline: () => void, goOnline: () => void}} */
  client(person) {
    const client = { person, did: null, nonce: null };
    client.fetch = async (path, options) => Promise.race([this.answer(client, path, options), aborted(options.signal)]);
    client.open = () => new FakeSocket(this, client);
    client.goOffline = () => {
      this.offline.add(client);
      [...this.sockets].filter((socket) => socket.client === client).forEach((socket) => socket.shut(1006));
      this.polls.look();
    };
    client.goOnline = () => this.offline.delete(client);
    return client;
  }

  // Transactions: one request after another. What waits for news keeps nobody waiting.
  answer(client, path, options) {
    if (this.offline.has(client)) return Promise.reject(new TypeError("network"));
    const { pathname, searchParams } = new URL(path, ORIGIN);
    if (pathname === "/api/conversations/heads/") return this.answered(this.poll(client, searchParams.get("since") ?? ""));
    const done = this.queue.then(() => this.route(client, path, options));
    this.queue = done.catch(() => {});
    return this.answered(pathname === "/api/keys/log/" ? done.then((page) => asAsked(page, options)) : done);
  }

  answered(done) {
    return done.then(
      (body) => response(body.f === "refused" ? body.status : 200, body),
      (error) => {
        if (!(error instanceof Refusal)) throw error;
        return response(error.status, { error: error.code, retry_after: error.retryAfter });
      },
    );
  }

  async poll(client, since) {
    if (!client.did) throw new Refusal(403, "DEVICE_REQUIRED");
    return this.polls.answer(client, since);
  }

  async route(client, path, { method, body }) {
    const url = new URL(path, ORIGIN);
    const data = typeof body === "string" ? JSON.parse(body) : {};
    const parts = url.pathname.split("/").filter(Boolean).slice(1);
    const q = url.searchParams;
    if (parts[0] === "me") return this.me(client);
    if (parts[0] === "people") return parts[1] ? this.byUid(q) : this.peopleList(q);
    if (parts[0] === "keys") return this.keys(client, method, parts.slice(1), data, q);
    if (parts[2] === "blobs") return this.blobCalls(client, method, parts, body);
    return this.conversationCalls(client, method, parts.slice(1), data, q);
  }

  me({ person }) {
    return { uid: person.uid, name: person.name, display_name: person.name.toUpperCase(), bundle_version: person.bundles.length, staff: false, language: "en" };
  }

  peopleList(q) {
    if (q.get("after") === "") throw new Refusal(400, "BAD_REQUEST");
    const people = [...this.people.values()].filter(({ name }) => name.startsWith(q.get("q") ?? ""));
    return { people: people.map(personView), next: null };
  }

  byUid(q) {
    return { people: q.get("uids").split(",").map((uid) => this.people.get(uid)).filter(Boolean).map(personView) };
  }

  async keys(client, method, [what, ...rest], data, q) {
    if (what === "publish") return this.publish(client, data);
    if (what === "bundles") return this.bundles(rest[0], Number(q.get("after")));
    if (what === "browsers") return { browsers: this.kinds };
    if (what === "log") return this.logPage(Number(q.get("from")));
    if (what === "nonce") return { nonce: toBase64Url((client.nonce = randomBytes(32))) };
    if (what === "session") return this.session(client, data);
    if (!client.did) throw new Refusal(403, "DEVICE_REQUIRED");
    if (what === "write-number") return this.writeNumber(client, data.write_no ?? 0);
    if (rest[0] === "fetch") return this.fetchPrekeys(data);
    return method === "POST" ? this.addPrekeys(client, data.prekeys) : this.prekeyState(client);
  }

  async publish({ person }, { bundle: text, prekeys }) {
    const bytes = fromBase64Url(text);
    const parsed = await decodeBundle(bytes);
    if (parsed.version !== person.bundles.length + 1) throw new Refusal(409, "STALE_BUNDLE");
    const { bundle } = await acceptBundle(bytes, { uid: unhex(person.uid), name: person.name, previous: person.bundles.at(-1) ?? null });
    for (const one of prekeys) this.storePrekey(one);
    person.bundles.push(bundle);
    await this.append(await encodeLeaf({ name: person.name, uid: unhex(person.uid), version: bundle.version, bundleHash: bundle.hash }));
    return { version: bundle.version, log_size: this.log.size };
  }

  /** One after another, whoever asks. @param {Uint8Array} leaf @param {{pub: Uint8Array, seed: Uint8Array}} [key] of the log from then on @returns {Promise<void>} */
  append(leaf, key) {
    this.growth = this.growth.then(() => this.#grow(leaf, key));
    return this.growth;
  }

  // Leaves, log and key change in one step, since the log may be read at any moment.
  async #grow(leaf, key = this.key) {
    const log = await appendLeaves(this.log, [leaf]);
    Object.assign(this, { log, key });
    this.leaves.push(leaf);
    this.sockets.forEach((socket) => socket.push({ f: "bell", log_size: this.log.size }));
    this.polls.look();
  }

  /** The log goes on under another key, as the old one says. @returns {Promise<{pub: Uint8Array, seed: Uint8Array}>} the old one */
  async rotateLogKey() {
    const old = this.key;
    const next = await generateEd25519();
    const leaf = await signKeyLeaf({ oldPub: old.pub, newPub: next.pub, size: this.log.size, root: await logRoot(this.log) }, old.seed);
    await this.append(leaf, next);
    return old;
  }

  storePrekey({ prekey, sig }) {
    const { did, kind, id, notAfterMs } = parsePrekey(fromBase64Url(prekey));
    const row = { prekey, sig, id, notAfterMs };
    const keys = this.prekeys.get(hex(did)) ?? { spk: null, opks: [], maxId: 0 };
    if (kind === PREKEY_SIGNED) keys.spk = row;
    else keys.opks.push(row);
    if (kind !== PREKEY_SIGNED) keys.maxId = Math.max(keys.maxId, id);
    this.prekeys.set(hex(did), keys);
  }

  addPrekeys(client, prekeys) {
    prekeys.forEach((one) => this.storePrekey(one));
    return { opk_left: this.prekeys.get(client.did).opks.length, spk_id: 1 };
  }

  prekeyState({ did }) {
    const { spk, opks, maxId } = this.prekeys.get(did);
    return { opk_left: opks.length, opk_max_id: maxId, spk_id: spk.id, spk_not_after_ms: spk.notAfterMs };
  }

  writeNumber({ did }, told) {
    this.writeNumbers.set(did, Math.max(told, this.writeNumbers.get(did) ?? 0));
    return { write_no: this.writeNumbers.get(did) };
  }

  fetchPrekeys({ dids }) {
    const view = (row) => row && { prekey: row.prekey, sig: row.sig };
    const one = (did) => {
      const { spk, opks } = this.prekeys.get(did);
      return [did, { spk: view(spk), opk: view(opks.shift() ?? null) }];
    };
    return { prekeys: Object.fromEntries(dids.map(one)) };
  }

  bundles(uid, after) {
    const { bundles } = this.people.get(uid);
    return { uid, bundles: bundles.slice(after, after + 50).map(({ bytes }) => toBase64Url(bytes)), current: bundles.length };
  }

  async logPage(from) {
    const [{ log, key }, leaves] = [this, this.leaves.slice(from, from + 2000)];
    const head = { logId: await logId(key.pub), size: log.size, root: await logRoot(log), tsMs: this.now() + this.skew };
    const sig = await signHead(head, key.seed);
    return {
      leaves: leaves.map(toBase64Url), size: log.size, head: toBase64Url(encodeHead(head)),
      sig: toBase64Url(sig), log_pub: toBase64Url(key.pub),
    };
  }

  async session(client, { did, sig }) {
    const device = client.person.bundles.at(-1)?.devices.find((one) => hex(one.did) === did);
    if (!device) throw new Refusal(403, "BAD_SIG");
    const claim = { origin: ORIGIN, nonce: client.nonce, uid: unhex(client.person.uid), did: unhex(did) };
    await verify(device.dsPub, fromBase64Url(sig), encodeSession(claim));
    client.did = did;
    return { did };
  }

  async conversationCalls(client, method, [cid, what], data, q) {
    this.listsSeen += !cid && method === "GET";
    if (!cid && method === "GET") return { conversations: this.mine(client).map(conversationView), incarnation: this.incarnation };
    if (!client.did) throw new Refusal(403, "DEVICE_REQUIRED");
    if (!cid) return conversationView(this.start(client, data.uid));
    const conversation = this.findFor(client, cid);
    if (what === "ack") return this.ack(client, data);
    if (what === "events" && method === "GET") return this.pulled(conversation, Number(q.get("after")), Number(q.get("limit")));
    return this.post(client, data);
  }

  blobCalls(client, method, [, cid, , blob, number], body) {
    if (!client.did) throw new Refusal(403, "DEVICE_REQUIRED");
    this.findFor(client, cid);
    return this.blobs.answer(client, method, { cid, blob, number, body });
  }

  mine({ person }) {
    return [...this.conversations.values()].filter(({ uids }) => uids.includes(person.uid));
  }

  start({ person }, uid) {
    const uids = [person.uid, uid].sort();
    const known = [...this.conversations.values()].find((one) => one.uids.join() === uids.join());
    if (known) return known;
    const made = { cid: hex(randomBytes(16)), uids, seq: 0, epoch: -1, th: null, events: [], next: new Map(), updated: this.now() };
    this.conversations.set(made.cid, made);
    return made;
  }

  findFor(client, cid) {
    const conversation = this.mine(client).find((one) => one.cid === cid);
    if (!conversation) throw new Refusal(404, "NOT_FOUND");
    return conversation;
  }

  pulled(conversation, after, limit) {
    const refusal = this.refusePulls.shift();
    if (refusal) throw new Refusal(...refusal);
    return this.page(conversation, after, limit);
  }

  ack({ did }, { cid, upto }) {
    this.acks.set(`${did}/${cid}`, upto);
    return {};
  }

  page({ cid, events }, after, limit) {
    const items = events.slice(after, after + limit);
    return { f: "events", cid, from: after + 1, to: after + items.length, items };
  }

  /** Section 14. */
  async post(client, { cid, client_id: clientId, kind, blob, blobs = [] }) {
    this.postsSeen += 1;
    const refused = (status, code, seconds) => ({ f: "refused", cid, client_id: clientId, status, code, retry_after: seconds });
    const conversation = this.findFor(client, cid);
    const forced = this.refusePosts.shift();
    if (forced) return refused(...forced);
    const known = conversation.events.find((event) => event.did === client.did && event.client_id === clientId);
    if (known) return { f: "accepted", cid, client_id: clientId, seq: known.seq, sha256: known.sha256, dup: true };
    if (blobs.length && this.forgetBlobs > 0) this.blobs.kept.clear();
    if (blobs.length && this.forgetBlobs > 0) this.forgetBlobs -= 1;
    if (!this.blobs.has(cid, blobs)) return refused(409, "BLOB_MISSING");
    const bytes = fromBase64Url(blob);
    const refusal = kind === "message" ? this.judgeMessage(client, conversation, bytes) : await this.judgeRecord(client, conversation, bytes);
    if (refusal) return refused(...refusal);
    const sha = toBase64Url(await sha256(bytes));
    conversation.seq += 1; // and the event with it, in one step: a test may put in another
    conversation.updated = this.now();
    conversation.events.push({ seq: conversation.seq, kind, uid: client.person.uid, did: client.did, client_id: clientId, sha256: sha, blob, at_ms: this.now() });
    this.ring(conversation, client, this.handsOver ? conversation.events.at(-1) : null);
    return { f: "accepted", cid, client_id: clientId, seq: conversation.seq, sha256: sha, dup: false };
  }

  judgeMessage(client, conversation, bytes) {
    const { did, epoch, counter } = parseHeader(bytes);
    if (hex(did) !== client.did) return [422, "SENDER_MISMATCH"];
    if (epoch !== conversation.epoch) return [409, "STALE_EPOCH"];
    if (counter !== (conversation.next.get(client.did) ?? 0)) return [409, "COUNTER_TAKEN"];
    conversation.next.set(client.did, counter + 1);
    return null;
  }

  async judgeRecord(client, conversation, bytes) {
    const { core, th } = await parseRecord(bytes);
    if (hex(core.sDid) !== client.did) return [422, "SENDER_MISMATCH"];
    if (core.epoch !== conversation.epoch + 1) return [409, "EPOCH_CONFLICT"];
    if (core.kind === NEXT && !equal(core.thPrev, conversation.th)) return [409, "EPOCH_CONFLICT"];
    const isCurrent = core.references.every(({ uid, bundleHash }) => equal(this.people.get(hex(uid)).bundles.at(-1).hash, bundleHash));
    const isListed = client.person.bundles.at(-1).devices.some((one) => hex(one.did) === client.did);
    if (!isCurrent || !isListed) return [409, "STALE_BUNDLE"];
    Object.assign(conversation, { epoch: core.epoch, th, next: new Map() });
    return null;
  }

  ring({ cid, uids, seq }, poster, event) {
    const others = [...this.sockets].filter((socket) => socket.client !== poster && uids.includes(socket.client.person.uid));
    others.forEach((socket) => socket.push(event ? { f: "event", cid, ...event } : { f: "bell", cid, seq }));
    this.polls.look();
  }

  heads(client) {
    return Object.fromEntries(this.mine(client).map(({ cid, seq }) => [cid, seq]));
  }

  async takeFrame(socket, frame) {
    const { client } = socket;
    const state = { heads: this.heads(client), log_size: this.log.size, now_ms: this.now() };
    if (frame.f === "hello") this.hellos.push(frame);
    if (frame.f === "hello") return { f: "welcome", incarnation: this.incarnation, ...state };
    if (frame.f === "heads") return { f: "heads", ...state };
    this.pullsSeen += frame.f === "pull";
    if (frame.f === "pull") return this.page(this.findFor(client, frame.cid), frame.after, frame.limit);
    if (frame.f !== "post") return null;
    const answer = await this.post(client, frame);
    if (this.loseAnswers === 0 || answer.f !== "accepted") return answer;
    this.loseAnswers -= 1;
    socket.shut(1006);
    return null;
  }
}

class FakeSocket {
  constructor(server, client) {
    this.server = server;
    this.client = client;
    server.soon(() => this.begin(), this);
  }

  begin() {
    if (this.server.hangsSockets) return undefined;
    if (this.server.offline.has(this.client) || this.server.refusesSockets) return this.shut(1006);
    this.onopen({});
    if (!this.client.did) return this.shut(4403);
    this.server.sockets.add(this);
    return undefined;
  }

  send(text) {
    const { server } = this;
    const frame = JSON.parse(text);
    if (server.isDeaf?.(frame)) return;
    server.queue = server.queue.then(async () => {
      try {
        const answer = await server.takeFrame(this, frame);
        if (answer && !(server.swallow?.(frame, answer))) this.push(answer);
      } catch (error) {
        if (error instanceof Refusal && frame.f === "post") this.push({ f: "refused", cid: frame.cid, client_id: frame.client_id, status: error.status, code: error.code });
        else if (!(error instanceof Refusal)) globalThis.faults.push(String(error.stack));
      }
    });
  }

  push(frame) {
    if (this.shutCode === undefined) this.server.soon(() => this.shutCode === undefined && this.onmessage({ data: JSON.stringify(frame) }), this);
  }

  shut(code) {
    if (this.shutCode !== undefined) return;
    this.shutCode = code;
    this.server.sockets.delete(this);
    this.server.soon(() => this.onclose?.({ code }), this);
  }

  close() {
    this.shut(1000);
  }
}

function aborted(signal) {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

function response(status, body) {
  const isBytes = body instanceof Uint8Array;
  const headers = new Headers({ "content-type": isBytes ? BYTES_TYPE : JSON_TYPE });
  return { ok: status < 400, status, headers, json: async () => body, body: isBytes ? { getReader: () => readerOf(body) } : null };
}

// Without a task of the browser's own, of which a simulated line knows nothing.
function readerOf(bytes) {
  const left = [bytes];
  return { read: async () => ({ done: left.length === 0, value: left.pop() }), cancel: async () => {} };
}

// A page of the log, in the form that is liked best.
function asAsked({ leaves, size, head, sig, log_pub: logPub }, { headers }) {
  if (!headers?.Accept.startsWith(BYTES_TYPE)) return { leaves, size, head, sig, log_pub: logPub };
  const parts = [head, sig, logPub, ...leaves].map((part) => vec(fromBase64Url(part)));
  return Uint8Array.from([u64(size), ...parts].flatMap((part) => [...part])); // they may be more than a call takes arguments
}

function personView({ uid, name, bundles }) {
  return { uid, name, display_name: name.toUpperCase(), has_keys: bundles.length > 0 };
}

function conversationView({ cid, uids, seq, epoch, updated }) {
  return { cid, uids, seq, epoch, updated_ms: updated };
}

globalThis.faults ??= [];
