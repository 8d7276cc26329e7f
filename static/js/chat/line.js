/** Questions and answers over the socket's frames; hints (heads, bells) go to the listener. */

import { ackFrame, answersPost, helloFrame, postFrame, pullFrame } from "../transport/frames.js";
import { ChatError } from "./codes.js";
import { Paced } from "./schedule.js";

const ANSWER_WITHIN_MS = 20_000;
const ACK_MS = 1_000;

/**
 * @typedef {object} LineParts
 * @property {(handlers: object) => object} createSocket @property {object} schedule @property {object} events
 * @property {() => {did: string, cursors: Map<string, number>, incarnation: string|null, build: string|null}} hello
 * @property {() => Promise<void>} rebind
 * @property {(frame: object) => void} onHint welcome, heads, bell, event
 * @property {(state: string) => void} onState @property {() => void} onReplaced
 */

/** @see LineParts */
export class Line {
  #parts;
  #socket;
  #waiting = new Map();
  #acks;
  state = "offline";

  /** @param {LineParts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#socket = parts.createSocket({
      hello: () => helloFrame(parts.hello()),
      onFrame: (frame) => this.#take(frame),
      onState: (state) => this.#turn(state),
      rebind: parts.rebind,
      onReplaced: parts.onReplaced,
    });
    this.#acks = new Paced(parts.schedule, ACK_MS, (cid, upto) => this.#socket.send(ackFrame({ cid, upto })));
  }

  start() {
    this.#socket.start();
  }

  stop() {
    this.#socket.stop();
    this.#turn("offline");
  }

  poke() {
    this.#socket.poke();
  }

  /** @param {{cid: string, clientId: string, kind: string, blob: Uint8Array, blobs?: string[]}} post @returns {Promise<object>} the frame accepted or refused @throws OFFLINE */
  post(post) {
    return this.#ask(`post:${post.clientId}`, postFrame(post));
  }

  /** @param {string} cid @param {number} after @param {number} limit @returns {Promise<object>} the frame events @throws OFFLINE */
  pull(cid, after, limit) {
    return this.#ask(`pull:${cid}:${after}`, pullFrame({ cid, after, limit }));
  }

  /** One a second and chat; one that finds no line is told again by a later one. @param {string} cid @param {number} upto */
  ack(cid, upto) {
    this.#acks.say(cid, upto);
  }

  #ask(key, frame) {
    return new Promise((resolve, reject) => {
      if (!this.#socket.send(frame)) {
        reject(new ChatError("OFFLINE"));
        return;
      }
      const cancel = this.#parts.schedule.after(ANSWER_WITHIN_MS, () => this.#drop(key));
      const entry = { resolve, reject, cancel };
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), entry]);
    });
  }

  #take(frame) {
    if (answersPost(frame)) this.#answer(`post:${frame.clientId}`, frame);
    else if (frame.name === "events") this.#answer(`pull:${frame.cid}:${frame.from - 1}`, frame);
    else if (frame.name === "error") this.#parts.events.problem(new ChatError(frame.code));
    else this.#parts.onHint(frame);
  }

  #answer(key, frame) {
    for (const { resolve, cancel } of this.#taken(key)) {
      cancel();
      resolve(frame);
    }
  }

  #drop(key) {
    for (const { reject, cancel } of this.#taken(key)) {
      cancel();
      reject(new ChatError("OFFLINE"));
    }
  }

  #taken(key) {
    const entries = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    return entries;
  }

  #turn(state) {
    if (state === this.state) return;
    this.state = state;
    if (state !== "online") [...this.#waiting.keys()].forEach((key) => this.#drop(key));
    this.#parts.onState(state);
  }
}
