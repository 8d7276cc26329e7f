/** A tab without keys: what it shows the tab in charge told it, what it does the tab in charge does. */

import { TYPED, passed, signalOf } from "./acts.js";
import { ChatError } from "./codes.js";
import { NOTHING_CHOSEN } from "./host.js";
import { newUuid } from "./uuid.js";

/**
 * @typedef {{post: (message: object) => void, tab: string, build: string|null, emit: (name: string, detail: object) => void}} FollowerParts
 *   tab: id of this one; build: of the program that runs here
 * @typedef {{id: string, name: string, args: unknown[], resolve: (value: any) => void, reject: (error: Error) => void, isOut: boolean}} Wish
 *   isOut: the tab in charge has it
 */

/** @see FollowerParts */
export class Follower {
  #parts;
  #wishes = new Map();
  #leader = null;
  /** @type {string|null} null: nobody has answered yet */
  phase = null;
  connection = "offline";
  chosen = NOTHING_CHOSEN;
  conversations = [];

  /** @param {FollowerParts} parts @param {Wish[]} left what was typed and is not done yet */
  constructor(parts, left) {
    this.#parts = parts;
    left.forEach((wish) => this.#wishes.set(wish.id, { ...wish, isOut: false }));
  }

  /** @param {string} name of ACTS @param {unknown[]} args @returns {Promise<any>} what the tab in charge answers */
  ask(name, args) {
    const signal = signalOf(args);
    if (signal?.aborted) return Promise.reject(new ChatError("CANCELLED"));
    return new Promise((resolve, reject) => {
      const wish = { id: newUuid(), name, args, resolve, reject, isOut: false };
      this.#wishes.set(wish.id, wish);
      signal?.addEventListener("abort", () => this.#parts.post({ t: "cancel", id: wish.id }));
      this.#hand(wish);
    });
  }

  /** @param {string} cid @returns {object} Conversation @throws UNKNOWN_CONVERSATION */
  conversation(cid) {
    const found = this.conversations.find((one) => one.cid === cid);
    if (!found) throw new ChatError(this.phase === "open" ? "UNKNOWN_CONVERSATION" : "NOT_UNLOCKED");
    return found;
  }

  /** What another tab posted. @param {object} message */
  take(message) {
    if (message.t === "state") this.#takeState(message);
    else if (message.tab !== this.#leader) return;
    else if (message.t === "event") this.#takeEvent(message);
    else if (message.to !== this.#parts.tab) return;
    else if (message.t === "answer") this.#takeAnswer(message);
    else if (message.t === "call") this.#wishes.get(message.id)?.args[message.at][message.name](...message.values);
  }

  /** Nobody is followed any more. @returns {Wish[]} what was typed and is not done yet */
  end() {
    const left = [...this.#wishes.values()].filter(({ name }) => TYPED.has(name));
    this.#giveUpOthers();
    return left;
  }

  #takeState(state) {
    if (this.#leader !== state.tab) this.#changeLeader(state.tab);
    const { build } = this.#parts;
    const phase = state.build === build ? state.phase : "elsewhere"; // another program speaks another language
    const isOther = phase !== this.phase;
    Object.assign(this, { phase, conversations: state.conversations ?? this.conversations, chosen: state.chosen ?? this.chosen });
    if (isOther || state.code) this.#parts.emit("phase", state.code ? { phase, code: state.code } : { phase });
    this.#connected(state.connection);
    this.#parts.emit("conversations", {});
    if (phase === "open") this.#wishes.forEach((wish) => this.#hand(wish));
  }

  #takeEvent({ name, detail, conversation, conversations, chosen, connection }) {
    if (conversations) Object.assign(this, { conversations, chosen });
    if (conversation) this.#put(conversation);
    this.#connected(connection);
    if (name !== "connection") this.#parts.emit(name, detail);
  }

  #takeAnswer({ id, value, error }) {
    const wish = this.#wishes.get(id);
    if (!wish) return;
    if (error?.code === "NOT_UNLOCKED" && TYPED.has(wish.name)) {
      wish.isOut = false; // it waits for the keys
      return;
    }
    this.#wishes.delete(id);
    if (error) wish.reject(Object.assign(new ChatError(error.code, error.detail), { message: error.message, retryAfter: error.retryAfter }));
    else wish.resolve(value);
  }

  #hand(wish) {
    if (wish.isOut || (TYPED.has(wish.name) && this.phase !== "open")) return;
    wish.isOut = true;
    this.#parts.post({ t: "ask", from: this.#parts.tab, id: wish.id, name: wish.name, given: passed(wish.args) });
  }

  // What the former one did not answer, it may have done: only what may be done again waits for the next.
  #changeLeader(tab) {
    if (this.#leader !== null) this.#giveUpOthers();
    this.#leader = tab;
    this.#wishes.forEach((wish) => (wish.isOut &&= !TYPED.has(wish.name)));
  }

  #giveUpOthers() {
    for (const [id, { name, reject, isOut }] of this.#wishes) {
      if (TYPED.has(name) || !isOut) continue;
      this.#wishes.delete(id);
      reject(new ChatError("NOT_UNLOCKED"));
    }
  }

  #put(conversation) {
    const isKnown = this.conversations.some(({ cid }) => cid === conversation.cid);
    const put = (one) => (one.cid === conversation.cid ? conversation : one);
    this.conversations = isKnown ? this.conversations.map(put) : [conversation, ...this.conversations];
  }

  #connected(state) {
    if (state === this.connection) return;
    this.connection = state;
    this.#parts.emit("connection", { state });
  }
}
