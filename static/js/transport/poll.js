/**
 * The same frames over HTTPS, for networks that refuse WebSockets. One request at a time waits at the server until something
 * is new; the next one follows its answer, without a timer, which a hidden page would be made to wait for.
 */

import { describe, refusedFrame } from "./frames.js";

const QUICK_MS = 1_000;
const QUICK_ANSWERS = 5; // of requests that hardly waited, one after the other; then PAUSE_MS lie between two
const PAUSE_MS = 1_000;
const AGAIN_MS = 4_000; // after a failure that names no time

/**
 * @typedef {object} PollerParts
 * @property {object} api @property {{after: (ms: number, run: () => void) => () => void, random: () => number}} schedule
 * @property {(frame: object) => void} onFrame @property {(error: Error) => void} onFailure
 * @property {() => number} [elapsed] ms of a clock that nobody turns
 */

/** @param {PollerParts} parts @returns {{send: (frame: object) => void, stop: () => void}} */
export function createPoller(parts) {
  const poller = new Poller({ elapsed: () => performance.now(), ...parts });
  return { send: (frame) => poller.send(frame), stop: () => poller.stop() };
}

class Poller {
  #parts;
  #since = ""; // the mark of the last answer
  #told = new Map();
  #untaken = new Map(); // told since the welcome, until the chat has acknowledged it or pulls beyond it
  #quick = 0;
  #request = null; // an AbortController
  #cancel = () => {};
  #isStopped = false;

  constructor(parts) {
    this.#parts = parts;
    this.#ask();
  }

  send(frame) {
    const { api } = this.#parts;
    const { name, cid, clientId, after, limit, upto } = describe(frame);
    if (name === "post") this.#settle(api.postEvent(cid, frame), (error) => this.#answerFor({ cid, clientId }, error));
    if (name === "pull") this.#settle(api.pullEvents(cid, after, limit), (error) => this.#failed(error));
    if (name === "ack") api.ackEvents(cid, frame).catch(() => {}); // a later one says as much
    if (name === "pull" || name === "ack") this.#has(cid, name === "pull" ? after : upto);
  }

  stop() {
    this.#isStopped = true;
    this.#cancel();
    this.#request.abort();
  }

  #ask() {
    const { api, elapsed } = this.#parts;
    const [request, began] = [new AbortController(), elapsed()];
    this.#request = request;
    const current = (run) => (found) => request.signal.aborted || run(found);
    const answered = current((answer) => this.#heard(answer, elapsed() - began));
    api.heads(this.#since, request.signal).then(answered, current((error) => this.#failed(error)));
  }

  #heard({ frame, since }, ms) {
    this.#since = since;
    this.#quick = ms < QUICK_MS ? this.#quick + 1 : 0;
    if (this.#quick < QUICK_ANSWERS) this.#ask();
    else this.#askIn(PAUSE_MS);
    this.#parts.onFrame(this.#withUntaken(frame));
  }

  // What was told may have been lost with what failed: all of it is asked for once more.
  #failed(error) {
    const { schedule, onFailure } = this.#parts;
    this.#request.abort();
    this.#since = "";
    this.#askIn(error.retryAfter ? error.retryAfter * 1_000 * (1 + schedule.random() / 2) : AGAIN_MS);
    onFailure(error);
  }

  #askIn(ms) {
    this.#cancel();
    this.#cancel = this.#parts.schedule.after(ms, () => this.#ask());
  }

  #settle(work, orElse) {
    work.then((frame) => this.#isStopped || this.#parts.onFrame(frame), (error) => this.#isStopped || orElse(error));
  }

  // A refusal by another layer than the post office (413, 429) still answers the post; no answer at all is a lost line.
  #answerFor(post, error) {
    if (error.status >= 400 && error.status !== 401 && error.status !== 403) this.#parts.onFrame(refusedFrame(post, error));
    else this.#failed(error);
  }

  // As on a socket, where the server tells of it again with each heartbeat.
  #withUntaken(frame) {
    if (frame.name === "welcome") this.#told.clear();
    for (const [cid, seq] of frame.heads) {
      if (frame.name === "heads" && this.#told.get(cid) !== seq) this.#untaken.set(cid, seq);
      this.#told.set(cid, seq);
    }
    return { ...frame, heads: new Map([...this.#untaken, ...frame.heads]) };
  }

  #has(cid, upto) {
    if (this.#untaken.get(cid) <= upto) this.#untaken.delete(cid);
  }
}
