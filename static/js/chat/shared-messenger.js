/**
 * The Messenger that the interface has, in whichever tab: the tab in charge does everything itself, the others have it done there
 * (docs/architecture.md, "Several tabs").
 */

import { openTabs as openRealTabs } from "../transport/tabs.js";
import { ACTS } from "./acts.js";
import { codeOf } from "./codes.js";
import { Events } from "./events.js";
import { Follower } from "./follower.js";
import { Host } from "./host.js";
import { newUuid } from "./uuid.js";

const EVENTS = ["phase", "conversations", "conversation", "message", "transfer", "removed", "connection", "browsers", "problem"];
const ANSWER_MS = 10_000; // a tab that is in charge and says nothing for so long is stuck
const AGAIN_MS = 2_000;
const AWAY = new Set(["OFFLINE", "UNAVAILABLE", "TOO_MANY"]);

/** @typedef {{messenger: object, schedule: object, openTabs?: Function}} SharedParts messenger: the one that does it all, in charge or not */

/** @see SharedParts */
export class SharedMessenger extends EventTarget {
  #own;
  #schedule;
  #openTabs;
  #tab = newUuid();
  #tabs = null;
  #host = null;
  #follower = null;
  #left = []; // typed, and not done by the tab that was in charge
  #events = new Events(this);
  #ended = false;

  /** @param {SharedParts} parts */
  constructor({ messenger, schedule, openTabs = openRealTabs }) {
    super();
    this.#own = messenger;
    this.#schedule = schedule;
    this.#openTabs = openTabs;
    for (const name of EVENTS) messenger.addEventListener(name, ({ detail }) => this.#heard(name, detail));
  }

  /** @returns {{uid: string, name: string, displayName: string}|null} */
  get me() {
    return this.#own.me;
  }

  /** @returns {string|null} */
  get build() {
    return this.#own.build;
  }

  /** @returns {string|null} phase */
  get phase() {
    return this.#at.phase;
  }

  /** @returns {"online"|"connecting"|"offline"} */
  get connection() {
    return this.#at.connection;
  }

  /** @returns {object[]} Conversations, newest first */
  conversations() {
    return this.#follower ? this.#follower.conversations : this.#own.conversations();
  }

  /** @param {string} cid @returns {object} Conversation */
  conversation(cid) {
    return this.#follower ? this.#follower.conversation(cid) : this.#own.conversation(cid);
  }

  /** @returns {boolean} */
  readReceipts() {
    return this.#follower ? this.#follower.chosen.receipts : this.#own.readReceipts();
  }

  /** @returns {boolean} */
  notifications() {
    return this.#follower ? this.#follower.chosen.notifications : this.#own.notifications();
  }

  /** @param {Uint8Array} bytes @returns {{mime: string, width: number, height: number}|null} a picture that may be drawn */
  pictureIn(bytes) {
    return this.#own.pictureIn(bytes);
  }

  /** @returns {string} */
  suggestPassphrase() {
    return this.#own.suggestPassphrase();
  }

  /** @returns {Promise<{phase: string}>} */
  async open() {
    if (this.#follower) return { phase: this.phase };
    return this.#opened(await this.#own.open());
  }

  /** Whoever is in charge stops. @returns {Promise<{phase: string}>} */
  async takeOver() {
    this.#leaveFollowing();
    return this.#opened(await this.#own.takeOver());
  }

  /** @param {string} cid @param {string} text @param {{re?: string}} [about] @returns {Promise<object>} Message; once, however often it has to be asked for */
  send(cid, text, about = {}) {
    return this.act("send", [cid, text, { ...about, id: newUuid() }]);
  }

  /** @param {string} cid @param {object} file see Messenger @returns {Promise<object>} Message; once, as with `send` */
  sendFile(cid, file) {
    return this.act("sendFile", [cid, { ...file, id: newUuid() }]);
  }

  /** The person did something. */
  touch() {
    this.#lightly("touch");
  }

  /** The network or the page came back. */
  poke() {
    this.#lightly("poke");
  }

  /** @param {string} name of ACTS @param {unknown[]} args @returns {Promise<any>} as the verb promises */
  act(name, args) {
    if (this.#follower) return this.#follower.ask(name, args);
    if (name === "setDraft" && this.#own.phase !== "open") return this.#later(name, args);
    return this.#own[name](...args);
  }

  /** The server knows this page's login no more: whichever tab has one goes on. */
  loggedOut() {
    this.#own.loggedOut();
  }

  /** The page is left. */
  end() {
    this.#ended = true;
    this.#leaveFollowing();
    this.#endHost();
    this.#own.end();
    this.#tabs?.close();
  }

  get #at() {
    return this.#follower ?? this.#own;
  }

  async #opened(reached) {
    if (reached.phase === "unsupported" || this.#ended) return reached;
    this.#tabs ??= this.#openTabs(`llave:${this.me.uid}`, (message) => (this.#follower ?? this.#host)?.take(message));
    if (reached.phase === "elsewhere") return this.#follow();
    this.#lead();
    return reached;
  }

  #lead() {
    this.#host ??= new Host({ messenger: this.#own, post: this.#tabs.post, tab: this.#tab, schedule: this.#schedule });
    this.#host.tellAll();
  }

  // Until the tab in charge says where everything stands, or is found to say nothing.
  #follow() {
    return new Promise((resolve) => {
      const mute = this.#schedule.after(ANSWER_MS, () => resolve({ phase: "elsewhere" }));
      const emit = (name, detail) => {
        this.#events.emit(name, detail);
        if (name !== "phase") return;
        mute();
        resolve(detail);
      };
      this.#follower = new Follower({ post: this.#tabs.post, tab: this.#tab, build: this.build, emit }, this.#left.splice(0));
      this.#tabs.post({ t: "hello" });
      this.#own.turn().then((isMine) => isMine && this.#succeed().then(resolve));
    });
  }

  // The tab that was in charge is gone: the same way as after a page load, and what was typed goes on when the keys are open.
  async #succeed() {
    this.#leaveFollowing();
    for (;;) {
      try {
        return await this.#opened(await this.#own.open());
      } catch (error) {
        if (codeOf(error) === "LOGIN_REQUIRED") return { phase: this.phase }; // it was told, and the next tab has its turn
        if (!AWAY.has(codeOf(error))) return this.#failed(error);
        await new Promise((resolve) => this.#schedule.after(AGAIN_MS, resolve));
      }
    }
  }

  // The person is offered to take over, which tries again.
  #failed(error) {
    this.#events.problem(error);
    this.#events.emit("phase", { phase: "elsewhere" });
    return { phase: "elsewhere" };
  }

  #leaveFollowing() {
    this.#left.push(...(this.#follower?.end() ?? []));
    this.#follower = null;
  }

  #heard(name, detail) {
    if (name === "phase" && detail.phase === "elsewhere") this.#endHost();
    if (name === "phase" && detail.code === "ELSEWHERE") this.#follow();
    else this.#host?.tell(name, detail);
    if (name === "phase" && detail.phase === "open") this.#doWhatIsLeft();
    return this.#events.emit(name, detail);
  }

  #endHost() {
    this.#host?.end();
    this.#host = null;
  }

  #lightly(name) {
    if (this.#follower) this.#follower.ask(name, []).catch(() => {});
    else this.#own[name]();
  }

  #later(name, args) {
    return new Promise((resolve, reject) => {
      this.#left.push({ id: newUuid(), name, args, resolve, reject });
    });
  }

  async #doWhatIsLeft() {
    for (const { name, args, resolve, reject } of this.#left.splice(0)) await this.#own[name](...args).then(resolve, reject);
  }
}

for (const name of ACTS) {
  SharedMessenger.prototype[name] ??= function act(...args) {
    return this.act(name, args);
  };
}
