/** What the chat tells the interface, and the one place where work that nobody waits for ends when it fails. */

import { codeOf } from "./codes.js";

const QUIET = new Set(["OFFLINE", "NOT_UNLOCKED", "ELSEWHERE"]); // seen by the state of the connection or the phase

/** Wraps the Messenger, which is the EventTarget. */
export class Events {
  #target;

  /** @param {EventTarget} target */
  constructor(target) {
    this.#target = target;
  }

  /** @param {"phase"|"conversations"|"conversation"|"message"|"transfer"|"connection"|"browsers"|"problem"} name @param {object} [detail] */
  emit(name, detail = {}) {
    this.#target.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** @param {unknown} error @param {string} [cid] */
  problem(error, cid) {
    const code = codeOf(error);
    if (!QUIET.has(code)) this.emit("problem", { code, cid, cause: code === "UNEXPECTED" ? String(error?.message ?? error) : undefined });
  }

  /** Lets work go on by itself. @param {Promise<unknown>} work @param {string} [cid] */
  guard(work, cid) {
    work.catch((error) => this.problem(error, cid));
  }
}
