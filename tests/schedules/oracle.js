/** What must be true at the end of a schedule. */

import { mayLose, say } from "./texts.js";
import { PASSPHRASE } from "./member.js";

const ORDINARY = new Set(["STARTED", "RESTARTED", "DEVICE_ADDED", "DEVICE_REMOVED", "RESTART_SUSPECT", "NOT_A_MEMBER", "KEYFILE_STALE", "CLOCK_SKEW"]); // the last: what waited offline
// A newer disk sealed under counters that the older one uses for something else: that message cannot be opened there before it is read again.
const OF_A_COPY = new Set(["STATE_ROLLBACK", "MESSAGES_WITHHELD"]);
const TELLS_OF_A_GAP = new Set(["COUNTER_GAP", "MESSAGES_WITHHELD", "SEQ_GAP"]);
const ROUNDS = 12;
const ROUND_MS = 90_000;
const QUIET_MS = 300_000;
const DAY_MS = 25 * 3_600_000;
const FORK_TRIES = 5;
const LOOKED_AT = 30;
const ALIKE = 8;

/** Everybody comes back, decides what is asked, and has time. @param {object} world @returns {Promise<boolean>} true */
export async function heal(world) {
  world.server.loseAnswers = 0;
  for (const one of world.living()) {
    one.client.goOnline();
    one.isOffline = false;
    if (!one.isOpen) await one.reopen();
    else one.messenger.poke();
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    await world.sim.advance(ROUND_MS);
    for (const one of world.living()) await decide(world, one);
    if (await isQuiet(world)) break;
  }
  return true;
}

async function decide(world, one) {
  if (one.wasPutBack && codesOf(await one.lines(world.cid)).includes("SELF_FORGED")) return startOver(world, one);
  const { blocked } = one.messenger.conversation(world.cid);
  if (!blocked) return undefined;
  if (blocked.code === "STATE_ROLLBACK") return world.sim.done(one.messenger.renewBrowser({ passphrase: PASSPHRASE }));
  return world.sim.done(one.messenger.decide(world.cid, "continue"));
}

// An older disk that the server knew nothing newer of met a record of its own: this browser can never read what that record opened.
async function startOver(world, one) {
  await mayLose(world, one);
  const { did } = one.client;
  await world.sim.done(one.messenger.forgetBrowser());
  try {
    await comeAnew(world, one);
  } catch (error) {
    if (error.code !== "TOO_MANY_DEVICES") throw error;
    await takeOff(world, one, did);
    await comeAnew(world, one);
  }
}

function comeAnew(world, one) {
  return world.sim.done(one.messenger.importKeyFile({ bytes: fileOf(world, one), passphrase: PASSPHRASE }));
}

// As the page asks of a person who has eight browsers: in another one, the one that was forgotten.
async function takeOff(world, { person: { uid } }, did) {
  const person = world.people.find((each) => each.uid === uid);
  const by = world.living(person).find((other) => other.isOpen && other.client.did !== did);
  await world.sim.done(by.messenger.removeBrowser({ did, passphrase: PASSPHRASE }));
  person.file = await by.keyFile();
}

// An older disk may hold an older vault: the key file saved last brings what it lacks.
async function readWhatWaits(world, one) {
  const { left } = await world.sim.done(one.messenger.readAgain({ cid: world.cid, passphrase: PASSPHRASE }));
  if (left && one.wasPutBack) await world.sim.done(one.messenger.bringKeyFile({ bytes: fileOf(world, one), passphrase: PASSPHRASE }));
}

function fileOf(world, one) {
  return world.people.find(({ uid }) => uid === one.person.uid).file;
}

// As far as the ends of the chats show; whether all of it is equal is judged afterwards.
async function isQuiet(world) {
  const ends = [];
  for (const one of world.living()) {
    const { items } = await world.sim.done(one.messenger.messages(world.cid, { limit: LOOKED_AT }));
    const isWaiting = one.messenger.conversation(world.cid).blocked || items.some(({ state }) => state === "queued");
    ends.push(isWaiting ? one.name : textsOf(items).slice(-ALIKE));
  }
  return new Set(ends.map(String)).size === 1;
}

/** Equal transcripts, nothing lost, nothing wrong, nothing missing without a word. @param {object} world @param {object|null} second */
export async function agree(world, second) {
  const views = [];
  for (const one of world.living()) {
    await readWhatWaits(world, one);
    const lines = await one.lines(world.cid);
    views.push({ one, lines, texts: textsOf(lines), codes: codesOf(lines) });
  }
  const all = longest(views.map(({ texts }) => texts));
  const find = (text) => world.findings.push(text);
  for (const { one, lines, texts, codes } of views) {
    const withheld = one.withheld ?? [];
    const wanted = all.filter((text) => !withheld.includes(text));
    if (String(texts) !== String(wanted)) find(`${one.name} has another transcript: ${difference(texts, wanted)}`);
    if (withheld.some((text) => !texts.includes(text)) && !codes.some((code) => TELLS_OF_A_GAP.has(code))) find(`${one.name} misses ${withheld} and says nothing`);
    const mayTell = (code) => ORDINARY.has(code) || (withheld.length && TELLS_OF_A_GAP.has(code)) || (one.wasPutBack && OF_A_COPY.has(code));
    const odd = codes.filter((code) => !mayTell(code));
    if (odd.length) find(`${one.name} tells of ${odd}`);
    const unsent = lines.filter(({ mine, kind, state }) => mine && kind === "text" && state === "queued");
    if (unsent.length) find(`${one.name} still waits to send ${unsent.map(({ text }) => text)}; ${JSON.stringify(one.messenger.conversation(world.cid).blocked)} ${one.problems.slice(-3)}`);
    if (one.problems.some((code) => code.startsWith("UNEXPECTED"))) find(`${one.name}: ${one.problems.filter((code) => code.startsWith("UNEXPECTED"))}`);
  }
  if (second && String(second.texts) !== String(all)) find(`the reference has another transcript: ${difference(second.texts, all)}`);
  if (second?.codes.length) find(`the reference tells of ${second.codes}`);
  const lost = world.sent.filter(({ text, by, mayBeLost }) => !mayBeLost && !by.isRemoved && !all.includes(text) && !views.some(({ texts }) => texts.includes(text)));
  if (lost.length) find(`lost: ${lost.map(({ text, by }) => `${text} of ${by.name}`)}`);
}

/**
 * After peace the server lies to one browser: it hides a message, or lets it follow a record that lost.
 * @param {object} world @returns {Promise<boolean>} whether transcripts may be compared
 */
export async function lied(world) {
  await heal(world);
  const [victim, ...others] = world.living();
  const other = world.pick(others);
  if (world.seed % 8) await hide(world, victim, other);
  else await fork(world);
  return !world.isForked;
}

async function hide(world, victim, other) {
  const { events } = world.server.conversations.get(world.cid);
  await world.sim.done(say(world, other)); // a record that is due comes with it
  await world.sim.advance(QUIET_MS);
  const text = `t${world.sent.length}`;
  victim.liar.hide(world.cid, events.length + 1);
  const place = events.length;
  await world.sim.done(say(world, other));
  await other.until(() => events.length > place, "posted");
  const { kind, did } = events[place];
  world.note(`${victim.name} is not shown ${text}`);
  if (kind !== "message" || did !== other.client.did) throw new Error("another event was hidden");
  victim.withheld = [text];
  await world.sim.done(say(world, other));
  await world.sim.advance(QUIET_MS);
}

// A day later everybody needs new keys at the same moment; whoever loses that race is told that it won.
async function fork(world) {
  const members = world.living();
  members.forEach(({ liar }) => {
    liar.wantsFork = true;
  });
  const forked = () => members.find(({ liar }) => liar.forkedAt);
  for (let tries = 0; tries < FORK_TRIES && !forked(); tries += 1) {
    members.forEach((one) => one.crash());
    await world.sim.advance(DAY_MS);
    for (const one of members) await one.reopen();
    await world.sim.done(Promise.all(members.map((one) => say(world, one))));
    await world.sim.advance(QUIET_MS);
  }
  const victim = forked();
  world.note(victim ? `${victim.name} follows a record of its own` : "nobody lost a race");
  if (!victim) return;
  world.isForked = true;
  const { events } = world.server.conversations.get(world.cid);
  const hasSpoken = events.some(({ seq, kind, did }) => seq > victim.liar.forkedAt && kind === "message" && did === victim.client.did);
  for (const one of hasSpoken ? [victim, members.find(({ liar }) => !liar.forkedAt)] : [victim]) {
    const codes = codesOf(await one.lines(world.cid));
    if (!codes.includes("EPOCH_FORK")) world.findings.push(`${one.name} does not see the fork: ${codes}`);
  }
}

function textsOf(lines) {
  return lines.filter(({ kind, text }) => kind === "text" && text).map(({ text }) => text);
}

function codesOf(lines) {
  return lines.filter(({ code, kind }) => code && (kind === "notice" || kind === "missing")).map(({ code }) => code);
}

function longest(lists) {
  return lists.reduce((best, list) => (list.length > best.length ? list : best), []);
}

function difference(got, wanted) {
  const missing = wanted.filter((text) => !got.includes(text));
  const more = got.filter((text) => !wanted.includes(text));
  if (missing.length || more.length) return `without [${missing}], with [${more}]`;
  const at = got.findIndex((text, i) => text !== wanted[i]);
  return `in another order: [${got.slice(at, at + ALIKE)}] instead of [${wanted.slice(at, at + ALIKE)}]`;
}
