/** Listens to welcome, heads and bells: pulls what is new, and looks at the log now and then (delivery rules D4 and D6). */

import { ERROR_CLASSES } from "../crypto/errors.js";
import { codeOf } from "./codes.js";
import { isRecordDue } from "./epoch-wish.js";
import { Hints } from "./hints.js";
import { isStanding } from "./trust.js";

const INCARNATION = "incarnation";
const HOUR_MS = 3_600_000;
const AGAIN_MS = 5_000;

/** Beside the shared parts it gets what catches up with the log. */
export class Watch {
  #parts;
  #catchUp;
  #hourly = false;
  #hints = new Hints();
  #isBusy = false;
  #isComing = false;
  #unfinished = null; // a welcome of which something failed
  #uncompared = null; // a welcome of a database whose past is to be compared yet
  incarnation = null;
  /** The log was replayed since the keys were opened. */
  isLogKnown = false;

  /** @param {object} parts chats, inbox, sending, bundles, device, directory, trust, api, ring, events, clock, schedule @param {() => Promise<void>} catchUp */
  constructor(parts, catchUp) {
    this.#parts = parts;
    this.#catchUp = catchUp;
  }

  /** Hints are taken one after another; a lost one costs 25 s at most. @param {object} frame */
  hear(frame) {
    if (frame.event) this.#parts.inbox.hand(frame.cid, frame.event);
    this.#hints.add(frame, (cid) => (this.#parts.chats.has(cid) ? this.#parts.chats.get(cid).cursor : 0));
    if (!this.#isBusy) this.#parts.events.guard(this.#drain());
  }

  /** The server's list, with chats that are new here. @returns {Promise<object[]>} list */
  async refreshList() {
    const { api, chats, directory, me, inbox, events } = this.#parts;
    const { conversations } = await api.conversations();
    const list = conversations.map(({ cid, uids, updated_ms: updatedAt }) => ({ cid, uids, updatedAt }));
    const fresh = await chats.add(list);
    const toLearn = chats.all().map(({ peer }) => peer).filter((uid) => !directory.person(uid).hasKeys);
    if (toLearn.length) await directory.learn([...new Set([...toLearn, me.uid])]);
    conversations.forEach(({ cid, seq }) => inbox.hear(cid, seq));
    if (fresh.length) {
      for (const { cid } of fresh.filter(({ isSecond }) => isSecond)) await this.#parts.trust.block(cid, "SECOND_CHAT");
      events.emit("conversations");
      await this.#parts.checkNew(fresh.map(({ cid }) => cid));
    }
    return conversations;
  }

  async #drain() {
    this.#isBusy = true;
    try {
      while (!this.#hints.isEmpty) {
        const hints = this.#hints;
        this.#hints = new Hints();
        await this.#take(hints);
      }
    } finally {
      this.#isBusy = false;
    }
  }

  // Nothing is pulled from a database whose past was not compared yet.
  async #take({ welcome, heads, listed, logSize }) {
    const due = welcome ?? this.#uncompared;
    this.#uncompared = due && !(await this.#try(() => this.#compare(due))) ? due : null;
    if (this.#uncompared) {
      this.#unfinished = due;
      return;
    }
    const isWelcomed = welcome ? await this.#welcome(logSize) : await this.#try(() => this.#lookAtLog(logSize));
    if (welcome) this.#unfinished = isWelcomed ? null : welcome;
    await this.#try(() => this.#learnOf(heads));
    for (const [cid, seq] of listed) await this.#try(() => this.#checkHead(cid, seq), cid);
    const known = welcome ? this.#parts.inbox.behind() : []; // what the list named, and hints that a failure kept from being taken
    for (const [cid, seq] of new Map([...heads, ...known])) await this.#try(() => this.#follow(cid, seq), cid);
  }

  // One thing that fails does not keep the others; what is still waiting is looked at again.
  async #try(work, cid) {
    try {
      await work();
      return true;
    } catch (error) {
      const kind = cid && ERROR_CLASSES.get(codeOf(error));
      if (kind === "B") await this.#parts.trust.block(cid, codeOf(error));
      else if (cid && isStanding(codeOf(error))) await this.#parts.trust.stand(cid, codeOf(error));
      else this.#parts.events.problem(error, cid);
      this.#comeAgain();
      return false;
    }
  }

  #comeAgain() {
    if (this.#isComing) return;
    this.#isComing = true;
    this.#parts.schedule.after(AGAIN_MS, () => {
      this.#isComing = false;
      const { line, inbox } = this.#parts;
      const logSize = this.isLogKnown ? undefined : Infinity;
      if (line().state === "online") this.hear({ ...this.#unfinished, name: this.#unfinished ? "welcome" : "heads", heads: inbox.behind(), logSize });
    });
  }

  async #learnOf(heads) {
    if ([...heads.keys()].some((cid) => !this.#parts.chats.has(cid))) await this.refreshList();
  }

  // Another database than before: what is known here must still be there.
  async #compare({ incarnation }) {
    const { chats, inbox, trust, ring } = this.#parts;
    const before = this.incarnation ?? (await ring.get(INCARNATION)) ?? null;
    if (before !== null && before !== incarnation) {
      for (const { cid } of chats.all()) if (!(await inbox.hasSameTail(cid))) await trust.block(cid, "SEQ_REWRITE");
    }
    if (before !== incarnation) await ring.commit({ ring: [{ name: INCARNATION, value: incarnation }] });
    this.incarnation = incarnation;
  }

  async #welcome(logSize) {
    const { chats } = this.#parts;
    const steps = [
      () => this.#lookAtLog(this.isLogKnown ? logSize : Infinity),
      () => this.refreshList(),
      () => this.#keepPrekeys(),
    ];
    let isDone = true;
    for (const step of steps) isDone = (await this.#try(step)) && isDone;
    this.#eachHour();
    chats.all().forEach((chat) => this.#wake(chat));
    return isDone;
  }

  // What was due when the page was left.
  #wake(chat) {
    const { cid } = chat;
    const { sending, acks, bundles, clock } = this.#parts;
    const known = [...new Set(chat.uids)].map((uid) => bundles.last(uid));
    if (isRecordDue(chat, { bundles: known, nowMs: clock.now() })) sending.upkeepIn(cid, this.#settleMs());
    acks.consider(cid);
    sending.run(cid);
  }

  // Private prekeys stay until everything that may have been sealed to them was processed.
  async #keepPrekeys() {
    const { chats, device, inbox, api, clock } = this.#parts;
    await device.keep({ api, nowMs: clock.now() });
    const isWaiting = [...inbox.behind().keys()].some((cid) => chats.get(cid).blocked?.code !== "SEQ_REWRITE");
    if (!isWaiting) await device.dropExpired(clock.now());
  }

  async #lookAtLog(size) {
    if (size === undefined || (this.isLogKnown && size <= this.#parts.replay.log.size)) return;
    await this.#catchUp();
    this.isLogKnown = true;
    this.#parts.chats.all().forEach(({ cid }) => this.#parts.outbox.next(cid) && this.#parts.sending.run(cid));
  }

  async #follow(cid, seq) {
    const { chats, inbox, sending, trust } = this.#parts;
    if (!chats.has(cid)) return;
    if (chats.get(cid).blocked?.code === "SEQ_REWRITE" || !inbox.hear(cid, seq)) return;
    await inbox.sync(cid);
    await trust.settle(cid, "SEQ_GAP");
    sending.run(cid);
  }

  // A hint may be late, so a lower head is only a reason to look.
  async #checkHead(cid, seq) {
    const { chats, inbox, trust } = this.#parts;
    if (!chats.has(cid) || chats.get(cid).cursor <= seq || chats.get(cid).blocked?.code === "SEQ_REWRITE") return;
    if (!(await inbox.hasSameTail(cid))) await trust.block(cid, "SEQ_REWRITE");
  }

  #eachHour() {
    if (this.#hourly) return;
    this.#hourly = true;
    const { chats, events, schedule } = this.#parts;
    const look = () => {
      events.guard(this.#catchUp().then(() => this.#keepPrekeys()));
      chats.all().forEach((chat) => this.#wake(chat));
      schedule.after(HOUR_MS, look);
    };
    schedule.after(HOUR_MS, look);
  }

  #settleMs() {
    return 1_000 + this.#parts.schedule.random() * 29_000;
  }
}
