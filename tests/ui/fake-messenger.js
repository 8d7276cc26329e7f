/** A Messenger that is made up: people, chats and answers without a server, as in docs/architecture.md. */

import { FILES } from "/preview/fake-files.js";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const PHASES = new Set(["setup", "prove", "locked", "import", "elsewhere"]);
const hex = (number) => number.toString(16).padStart(2, "0").repeat(16);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const refusal = (code) => Object.assign(new Error(code), { code });

const NAMES = [
  ["bob", "Bob Marrero"], ["carol", "Carol"], ["dai", "Dài Nguyễn"], ["erika", "Erika Sánchez de la Fuente y Olmedo"],
  ["farid", "فريد حداد"], ["grace", "Grace H."], ["ines", "Inés"], ["juan", "Juan Pérez"], ["mallory", "<img src=x onerror=alert(1)>"],
];
const people = NAMES.map(([name, displayName], at) => ({ uid: hex(at * 23 + 3), name, displayName, hasKeys: at !== 5 }));
for (let at = 0; at < 120; at += 1) people.push({ uid: hex(at + 120), name: `person${at}`, displayName: `Person ${at}`, hasKeys: at % 3 > 0 });

const TALK = [
  [0, "Hi! Did you get home?"], [1, "Yes, just now. The train was late again 🙄"], [0, "Same as always"],
  [0, "Do you have the address for tomorrow?"], [1, "Here it is: https://example.org/map?q=plaza%20mayor. Bring something to drink, the rest is there"],
  [0, "👍"], [1, "And this is the thing I meant:\n\n  def greet(name):\n      return f\"Hello {name}\"\n"],
  [0, "averyveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryverylongword"],
  [1, "<script>alert(1)</script> javascript:alert(2) <b>bold?</b> http://user:pw@evil.example/ https://ok.example/a(b)c."],
];

let serial = 0;
const newId = () => `00000000-0000-4000-8000-${String((serial += 1)).padStart(12, "0")}`;

const ordered = (message) => ({ order: message.seq, ...message });

function talkOf(cid, count, now) {
  const start = { id: newId(), cid, mine: false, kind: "notice", text: "", at: now - DAY - count * MINUTE, seq: 0, state: "delivered", code: "STARTED" };
  const rest = Array.from({ length: count }, (_, at) => {
    const [who, text] = TALK[at % TALK.length];
    const when = now - (count - at) * 2 * MINUTE - (at < count / 2 ? DAY : 0);
    return { id: newId(), cid, mine: who === 1, kind: "text", text: count > 50 ? `${at}: ${text}` : text, at: when, seq: at + 1, state: "delivered" };
  });
  return [start, ...rest];
}

export class FakeMessenger extends EventTarget {
  me = { uid: hex(0xa1), name: "alice", displayName: "Alice Ferrer" };
  connection = "online";

  constructor(scene, many) {
    super();
    this.scene = scene;
    this.calls = [];
    this.chats = [];
    this.talks = new Map();
    if (scene !== "empty" && !PHASES.has(scene)) this.#fill(many);
  }

  #fill(many) {
    const now = Date.now();
    people.slice(0, 9).forEach((peer, at) => this.#chat(peer, at, now, at === 0 && many ? many : TALK.length));
    const [first, second, third, , fifth] = this.chats;
    first.verified = true;
    Object.assign(second, { unread: 2, readSeq: TALK.length - 2, lastMine: false });
    third.draft = "I wanted to say";
    Object.assign(fifth, { unread: 128, readSeq: 0 });
    Object.assign(this.chats[5], { canWrite: false, whyNot: "NO_KEYS_YET", lastText: "", lastAt: null });
    this.talks.set(this.chats[5].cid, []);
    Object.assign(this.chats[6], { blocked: { code: "ROOT_RESET", detail: "root 7f2a" }, canWrite: false, whyNot: "ROOT_RESET", lastMine: false });
    this.#odd(this.talks.get(first.cid), first.cid, now);
    this.chats.push({ ...first, cid: hex(0xfe), peer: this.me, self: true, lastText: "Milk, bread, stamps", lastAt: now - 3 * DAY, verified: false });
    this.talks.set(hex(0xfe), talkOf(hex(0xfe), 2, now - 3 * DAY));
  }

  #chat(peer, at, now, count) {
    const cid = hex(at + 0x40);
    const talk = talkOf(cid, count, now - at * at * 0.4 * DAY);
    this.talks.set(cid, talk);
    const last = talk.at(-1);
    this.chats.push({ cid, peer, self: false, lastText: last.text, lastAt: last.at, lastMine: last.mine, lastState: ["delivered", "sent", "queued", "failed"][at % 4], unread: 0, readSeq: last.seq, draft: "", blocked: null, canWrite: true, whyNot: null, verified: false });
  }

  #odd(talk, cid, now) {
    const seq = talk.length;
    const add = (more) => talk.push({ id: newId(), cid, mine: false, kind: "text", text: "", at: now - 3 * MINUTE, seq: seq + talk.length, state: "delivered", ...more });
    add({ kind: "notice", code: "DEVICE_ADDED" });
    add({ kind: "missing", code: "COUNTER_GAP", detail: { count: 2 } });
    add({ text: "🎉🎉" });
    add({ mine: true, text: "Sent, not yet there", state: "sent", at: now - 2 * MINUTE });
    add({ mine: true, text: "This was read", state: "read", at: now - 2 * MINUTE });
    add({ mine: true, text: "This one could not go out", state: "failed", code: "TOO_LARGE", seq: null, at: now - MINUTE });
    add({ mine: true, text: "On its way", state: "queued", seq: null, at: now });
  }

  emit(type, told = {}) {
    const detail = told.message ? { ...told, message: ordered(told.message) } : told;
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  async open() {
    if (this.scene === "failed") throw refusal("STORAGE_FAILED");
    return { phase: PHASES.has(this.scene) ? this.scene : "open" };
  }

  suggestPassphrase = () => ["k7fp", "x2mw", "9rtd", "hq4c", "v3bn"].map((part) => (this.calls.push("suggest"), part)).join("-");

  async #steps(names, onStep) {
    for (const name of names) {
      onStep(name);
      await pause(120);
    }
  }

  async createKeys({ passphrase, onStep }) {
    this.passphrase = passphrase;
    await this.#steps(["make", "protect", "publish", "log"], onStep);
    return { phase: "prove" };
  }

  makeKeyFile = async () => ({ name: "chat-key-alice-2026-11-23.e2ck", bytes: new Uint8Array([69, 50, 67, 75]) });

  async proveKeyFile({ passphrase }) {
    if (passphrase !== (this.passphrase ?? "right")) throw refusal("KEYFILE_WRONG_PASSPHRASE");
    Object.assign(this.file, { provedAt: Date.now(), due: null });
    return { phase: "open" };
  }

  async unlock({ passphrase }) {
    await pause(60);
    if (passphrase !== "right") throw refusal("WRONG_PASSPHRASE");
    return { phase: "open" };
  }

  async importKeyFile({ passphrase, onStep, onHistory }) {
    if (passphrase === "of a former root") throw refusal("KEYFILE_STALE");
    if (passphrase !== "right") throw refusal("KEYFILE_WRONG_PASSPHRASE");
    await this.#steps(["read", "check", "make", "publish", "history"], onStep);
    for (let done = 0; done <= 1200; done += 240) {
      onHistory(done, 1200);
      await this.lateHistory;
      await pause(60);
    }
    return { phase: "open", notices: this.notices ?? [] };
  }

  async resetKeys({ name }) {
    if (name !== "alice") throw refusal("WRONG_NAME");
    return { phase: "setup" };
  }

  lock = async () => this.emit("phase", { phase: "locked" });
  takeOver = async () => ({ phase: "locked" });
  forgetBrowser = async () => void (this.scene = "import");
  touch() {}
  poke() {
    this.calls.push(["poke"]);
  }
  conversationFile = async () => ({ name: "chat.e2ck", bytes: new Uint8Array([1]) });
  exportConversation = async ({ onProgress }) => {
    onProgress(3, 3);
    if (this.scene === "offline") throw Object.assign(new Error("OFFLINE"), { code: "OFFLINE" });
    return { name: "chat.e2cx", bytes: new Uint8Array([2]) };
  };

  readConversationFile = async () => ({ cid: this.chats[0].cid, peer: people[0], messages: this.talks.get(this.chats[0].cid) });

  conversations = () => [...this.chats].sort((one, other) => (other.lastAt ?? 0) - (one.lastAt ?? 0));
  conversation = (cid) => this.chats.find((one) => one.cid === cid);

  async startWith(uid) {
    const there = this.chats.find(({ peer }) => peer.uid === uid);
    if (there) return there.cid;
    const peer = people.find((one) => one.uid === uid) ?? this.me;
    this.chats.push({ cid: uid, peer, self: uid === this.me.uid, lastText: "", lastAt: Date.now(), unread: 0, readSeq: -1, draft: "", blocked: null, canWrite: true, whyNot: null, verified: false });
    this.talks.set(uid, []);
    return uid;
  }

  async messages(cid, { before, limit }) {
    await pause(this.delay ?? 5);
    const talk = this.talks.get(cid);
    const end = before === undefined ? talk.length : talk.findIndex(({ seq }) => seq !== null && seq >= before);
    const start = Math.max(0, end - limit);
    return { items: talk.slice(start, end).map(ordered), more: start > 0 };
  }

  message = async (cid, id) => this.talks.get(cid).find((one) => one.id === id) ?? null;
  edit = async (cid, id, text) => {
    const { text: before, at, earlier = [] } = await this.message(cid, id);
    return this.#alter(cid, id, { text, edited: true, earlier: [...earlier, { text: before, at }] });
  };
  erase = async (cid, id) => this.#alter(cid, id, { text: "", deleted: true, reactions: [] });

  async react(cid, id, sign, on) {
    const others = ((await this.message(cid, id)).reactions ?? []).filter((one) => one.sign !== sign);
    return this.#alter(cid, id, { reactions: on ? [...others, { sign, mine: true, count: 1 }] : others });
  }

  #alter(cid, id, more) {
    const message = this.talks.get(cid).find((one) => one.id === id);
    this.calls.push(["alter", more]);
    return { ...Object.assign(message, more) };
  }

  async send(cid, text, about) {
    this.calls.push(["send", text, ...(about ? [about] : [])]);
    const message = { id: newId(), cid, mine: true, kind: "text", text, re: about?.re ?? null, at: Date.now(), seq: null, state: "queued" };
    this.talks.get(cid).push(message);
    Object.assign(this.conversation(cid), { lastText: text, lastAt: message.at, lastMine: true, lastState: "queued" });
    setTimeout(() => this.change(message, { state: "sent", seq: this.talks.get(cid).length }), 150);
    setTimeout(() => this.change(message, { state: "delivered" }), 400);
    return ordered(message);
  }

  receipts = true;
  readReceipts = () => this.receipts;
  setReadReceipts = async (on) => void (this.receipts = on);
  notifies = false;
  notifications = () => this.notifies;
  setNotifications = async (on) => void (this.notifies = on);

  change(message, more) {
    Object.assign(message, more);
    Object.assign(this.conversation(message.cid), { lastState: message.state });
    this.emit("message", { message: { ...message }, isNew: false });
    this.emit("conversation", { cid: message.cid });
  }

  /** Something arrives from the other side. */
  arrive(cid, text) {
    const talk = this.talks.get(cid);
    const message = { id: newId(), cid, mine: false, kind: "text", text, at: Date.now(), seq: Math.max(...talk.map(({ seq }) => seq ?? 0)) + 1, state: "delivered" };
    talk.push(message);
    const chat = this.conversation(cid);
    Object.assign(chat, { lastText: text, lastAt: message.at, lastMine: false, unread: chat.unread + 1 });
    this.emit("message", { message, isNew: true });
    this.emit("conversations");
  }

  /** Writing stops. */
  block(cid, blocked) {
    Object.assign(this.conversation(cid), { blocked, canWrite: !blocked, whyNot: blocked?.code ?? null });
    this.emit("conversation", { cid });
  }

  file = { provedAt: Date.now() - 30 * DAY, savedAt: Date.now() - 60 * DAY, due: null };
  keyFile = async () => this.file;
  remindLater = async () => void this.calls.push("later");

  own = [
    { did: hex(1), label: "", addedAt: Date.now() - 40 * DAY, isThis: true },
    { did: hex(2), label: "", addedAt: Date.now() - 3 * DAY, isThis: false },
  ];
  browsers = async () => this.own;
  nameBrowser = async ({ did, label }) => void Object.assign(this.own.find((one) => one.did === did), { label });

  async removeBrowser({ did, passphrase }) {
    if (passphrase !== "right") throw refusal("WRONG_PASSPHRASE");
    this.own = this.own.filter((one) => one.did !== did);
    this.strangers = this.strangers.filter((one) => one.did !== did);
  }

  async changePassphrase({ passphrase, next }) {
    if (passphrase !== "right") throw refusal("WRONG_PASSPHRASE");
    this.calls.push(["passphrase", next]);
  }

  async setTimer({ cid, timerS }) {
    this.calls.push(["timer", timerS]);
    Object.assign(this.conversation(cid), { timerS });
    this.notice(cid, { code: "MODE_CHANGED", detail: { mine: true, timerS } });
    this.emit("conversation", { cid });
  }

  async renewRoot({ passphrase }) {
    if (passphrase !== "right") throw refusal("WRONG_PASSPHRASE");
    this.file.due = "renew";
  }

  async bringKeyFile({ passphrase, own }) {
    if (passphrase === "wrong") throw refusal("KEYFILE_WRONG_PASSPHRASE");
    if (passphrase !== "right" && own !== "right") throw refusal("KEYFILE_OTHER_PASSPHRASE");
    if (passphrase === "of a former root") {
      this.file.due = "renew";
      return { phase: "open", notices: ["KEYFILE_STALE"] };
    }
    this.chats.filter(({ blocked }) => blocked?.code === "LOG_SELF_FORGED").forEach(({ cid }) => this.block(cid, null));
    return { phase: "open" };
  }

  strangers = [];
  newBrowsers = async () => this.strangers;
  knowBrowsers = async ({ dids }) => void (this.strangers = this.strangers.filter(({ did }) => !dids.includes(did)));
  formerNumber = async () => null;
  logEvidence = async () => null;

  async renewBrowser({ passphrase }) {
    if (passphrase !== "right") throw refusal("WRONG_PASSPHRASE");
    this.chats.filter(({ blocked }) => blocked?.code === "STATE_ROLLBACK").forEach(({ cid }) => this.block(cid, null));
    return { phase: "open" };
  }

  async readAgain({ cid, passphrase }) {
    if (passphrase !== "right") throw refusal("WRONG_PASSPHRASE");
    const found = this.talks.get(cid).filter(({ code }) => code === "NO_EPOCH_KEY");
    found.forEach((one) => this.change(one, { kind: "text", code: null, text: "Now it can be read" }));
    return { read: found.length, left: 0 };
  }

  /** A line comes into the flow. */
  notice(cid, more) {
    const talk = this.talks.get(cid);
    const seq = Math.max(...talk.map((one) => one.seq ?? 0)) + 1;
    const message = { id: newId(), cid, mine: false, kind: "notice", text: "", at: Date.now(), seq, state: "delivered", ...more };
    talk.push(message);
    this.emit("message", { message, isNew: true });
  }

  /** A line is not true any more. */
  takeBack(cid, code) {
    const { id } = this.talks.get(cid).findLast((one) => one.code === code);
    this.talks.set(cid, this.talks.get(cid).filter((one) => one.id !== id));
    this.emit("removed", { cid, id });
  }

  async retry(cid, id) {
    this.change(this.talks.get(cid).find((one) => one.id === id), { state: "queued", code: null });
  }

  async discard(cid, id) {
    this.talks.set(cid, this.talks.get(cid).filter((one) => one.id !== id));
  }

  markRead(cid) {
    Object.assign(this.conversation(cid), { unread: 0 });
    this.emit("conversation", { cid });
  }

  setDraft(cid, text) {
    this.conversation(cid).draft = text;
    this.emit("conversation", { cid });
  }


  async people({ q = "", after = "0" }) {
    await pause(this.delay ?? 20);
    const wanted = q.toLowerCase();
    const all = [{ ...this.me, hasKeys: true }, ...people].filter(({ name, displayName }) => `${name} ${displayName}`.toLowerCase().split(" ").some((word) => word.startsWith(wanted)));
    const from = Number(after);
    return { people: all.slice(from, from + 30), next: from + 30 < all.length ? String(from + 30) : null };
  }

  async safetyNumber() {
    await this.lateNumber;
    const digits = "492710385516204773918265530129847561".padEnd(60, "7340912856");
    return { digits, mine: digits.slice(0, 30), theirs: digits.slice(30), qr: Uint8Array.from({ length: 65 }, (_, at) => (at ? at * 37 : 1)) };
  }

  async setVerified(cid, verified) {
    this.calls.push(["verified", verified]);
    Object.assign(this.conversation(cid), { verified });
    this.emit("conversation", { cid });
    this.emit("conversations");
  }

  async decide(cid, choice) {
    this.calls.push(["decide", choice]);
    Object.assign(this.conversation(cid), { blocked: null, canWrite: true, whyNot: null });
    this.emit("conversation", { cid });
  }

  connect(state) {
    this.connection = state;
    this.emit("connection", { state });
  }
}

Object.assign(FakeMessenger.prototype, FILES);
