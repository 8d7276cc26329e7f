/** What changes of keys mean for the chats: lines in the flow, and blocks that only the person lifts. */

import { equal } from "../lib/bytes.js";
import { freePlace } from "../store/mail.js";
import { ChatError, codeOf } from "./codes.js";
import { Draft } from "./draft.js";

const UNDECIDABLE = new Set(["SEQ_REWRITE", "CODE_UNTRUSTED"]); // the server's past changed, or this program did: there is nothing to go on with

const OLDER = "STATE_ROLLBACK"; // no decision about anything else lets an older copy seal

const STANDING = new Set(["SEQ_GAP"]);

/** @param {string} code @returns {boolean} how the line to the server is: said once while it lasts, not each time it is met */
export function isStanding(code) {
  return STANDING.has(code);
}

/** @typedef {object} TrustParts chats, bundles, inbox, locks, events, store, clock, me, did, device, onTold(cid) */

/** @see TrustParts */
export class Trust {
  #parts;
  #jobs = Promise.resolve();
  #warned = new Set();
  #blockedBy = new Set(); // cid/code: a reason is told once until the person decides

  /** @param {object} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** A pin has news: they reach the chats on their own, for whoever found them may hold a chat's lock. @param {string} uid */
  hear(uid) {
    this.#jobs = this.#jobs.then(() => this.#tell(uid)).catch((error) => this.#parts.events.problem(error));
  }

  /** A line in the chats with a person, once while the keys are open. @param {string} uid @param {string} code @param {object} detail */
  warn(uid, code, detail) {
    const key = `${uid}/${code}/${JSON.stringify(detail)}`;
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    const { chats, events } = this.#parts;
    const tell = async () => {
      for (const { cid } of chats.all().filter(({ peer }) => peer === uid)) await this.#write(cid, [{ code, detail }], {});
    };
    this.#jobs = this.#jobs.then(tell).catch((error) => events.problem(error));
  }

  /** What was found before the last lock or crash. */
  resume() {
    this.#parts.bundles.uidsWithNews().forEach((uid) => this.hear(uid));
  }

  /** @returns {Promise<void>} all that was heard so far stands in the chats */
  told() {
    return this.#jobs;
  }

  /** @param {string} cid @param {string} code @param {object|null} [detail] */
  block(cid, code, detail = null) {
    return this.#write(cid, [{ code, detail }], { isBlock: true });
  }

  /** Nobody can be trusted: the log lies. @param {unknown} error */
  async alarm(error) {
    for (const { cid } of this.#parts.chats.all()) await this.block(cid, codeOf(error));
    this.#parts.events.problem(error);
  }

  /** A line in every chat; nothing is blocked. @param {string} code of class W */
  async note(code) {
    for (const { cid } of this.#parts.chats.all()) await this.#write(cid, [{ code, detail: null }], {});
  }

  /** A line about what stands as it is, told once while it does; `settle` ends it. @param {string} cid @param {string} code of class W */
  async stand(cid, code) {
    if (!this.#parts.chats.get(cid).standing.includes(code)) await this.#write(cid, [{ code, detail: null }], { stands: true });
  }

  /** @param {string} cid @param {string} code that stood */
  async settle(cid, code) {
    const { chats, locks } = this.#parts;
    if (!chats.get(cid).standing.includes(code)) return;
    await locks.with(cid, () => chats.commit({ ...chats.get(cid), standing: chats.get(cid).standing.filter((one) => one !== code) }));
  }

  /** In every chat that has begun. @param {string} code of class W @param {boolean} isSo */
  async stands(code, isSo) {
    const begun = this.#parts.chats.all().filter(({ crypto }) => crypto.epoch >= 0);
    for (const { cid } of begun) await (isSo ? this.stand(cid, code) : this.settle(cid, code));
  }

  /** What stood in the way does so no more. @param {string} code */
  async lift(code) {
    const { chats, locks, events } = this.#parts;
    for (const { cid } of chats.all().filter(({ blocked }) => blocked?.code === code)) {
      await locks.with(cid, () => chats.commit({ ...chats.get(cid), blocked: null }));
      this.#blockedBy.delete(`${cid}/${code}`);
      events.emit("conversation", { cid });
    }
  }

  /** @param {string} cid @param {"continue"|"repair"} choice */
  async decide(cid, choice) {
    const { chats, locks, events } = this.#parts;
    const { blocked } = chats.get(cid);
    if (!blocked) return;
    if (UNDECIDABLE.has(blocked.code)) throw new ChatError(blocked.code);
    if (blocked.code === OLDER) this.#blockedBy.delete(`${cid}/${OLDER}`);
    const next = this.#blockedBy.has(`${cid}/${OLDER}`) ? { code: OLDER, detail: null } : null;
    await locks.with(cid, () => {
      const chat = chats.get(cid);
      if (chat.blocked?.code !== blocked.code) return undefined; // another one, that nobody has seen yet
      const repair = choice === "repair" ? chat.crypto.epoch >= 0 : chat.repair;
      // Counters that the server knows better begin anew with the next epoch.
      return chats.commit({ ...chat, blocked: next, repair, refresh: chat.refresh || blocked.code === OLDER });
    });
    events.emit("conversation", { cid });
  }

  async #tell(uid) {
    const { bundles, chats, me, did } = this.#parts;
    const { news } = bundles.pin(uid);
    const lines = news.filter(({ added, notices }) => notices[0] !== "DEVICE_ADDED" || added.some((one) => one !== did));
    const blocks = this.#isMadeHere(uid) ? false : undefined;
    const told = lines.flatMap(({ notices, added }) => notices.map((code) => ({ code, detail: { uid, mine: uid === me.uid, added }, blocks })));
    const concerned = chats.all().filter((chat) => (uid === me.uid ? chat.crypto.epoch >= 0 : chat.peer === uid));
    for (const { cid } of concerned) await this.#write(cid, told, {});
    await bundles.clearNews(uid, news.length);
    if (uid === me.uid) this.#parts.events.emit("browsers");
    concerned.forEach(({ cid }) => this.#parts.onTold(cid));
  }

  // The root that this browser holds itself is no news that needs a decision.
  #isMadeHere(uid) {
    const { bundles, device, me } = this.#parts;
    return uid === me.uid && equal(bundles.last(uid).rootPub, device.own.rootPub);
  }

  #isTold({ cid, blocked }, code) {
    const isKnown = blocked !== null && (blocked.code === code || this.#blockedBy.has(`${cid}/${code}`));
    this.#blockedBy.add(`${cid}/${code}`);
    return isKnown;
  }

  #write(cid, lines, { isBlock = false, stands = false }) {
    const { chats, inbox, locks, store, clock } = this.#parts;
    return locks.with(cid, async () => {
      const chat = chats.get(cid);
      if (isBlock && this.#isTold(chat, lines[0].code)) return;
      if (stands && chat.standing.includes(lines[0].code)) return; // said meanwhile
      const draft = new Draft(chat);
      if (stands) draft.set({ standing: [...chat.standing, lines[0].code] });
      const place = await freePlace(store, cid, chat.cursor);
      lines.forEach(({ code, detail, blocks }, i) => draft.noticeAt(place + i, { code, detail, at: clock.now(), blocks: isBlock || blocks }));
      await inbox.commit(draft);
    });
  }
}
