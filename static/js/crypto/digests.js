/**
 * SHA-256 of very many: RFC 6962 wants two of each leaf of the log, and each is a call of WebCrypto. A few thousand are made in the page. More
 * are shared out among workers, which run the text of the one function that makes them: it came with a module whose hash stands in the
 * import map, so nothing is fetched that the log of keys does not name. Workers hold public bytes only.
 */

import { rest } from "../lib/breath.js";
import { concat } from "../lib/bytes.js";
import { digestEach } from "./primitives.js";

const WORTH_WORKERS = 8192; // hashes: 50 to 100 ms of the page, 200 and more on a phone; to start workers takes 30 to 60
const WORTH_SENDING = 128; // hashes
const WORKERS_MAX = 4;
const POLICY = "digest-workers"; // of Trusted Types: the only one that the page's Content-Security-Policy allows

/** @typedef {{bytes: Uint8Array, starts: number[]|Uint32Array, gap: number}} Parts of bytes: each begins at its start and ends so many bytes before the next one's, the last at the end */

/** H(prefix || part) of each part, in the page, which lives on meanwhile. @param {Uint8Array} prefix @param {Parts} parts @returns {Promise<Uint8Array>} 32 bytes each */
export function sha256Each(prefix, parts) {
  return digestEach({ prefix, ...parts }, rest);
}

/** As many hashes as are about to be made. `end` it, or its workers stay. */
export class Digests {
  #workers = [];
  #address = null;

  /** @param {number} count of hashes, about */
  constructor(count) {
    if (count >= WORTH_WORKERS && policy !== null) this.#start();
  }

  /** H(prefix || part) of each part. @param {Uint8Array} prefix @param {Parts} parts @returns {Promise<Uint8Array>} 32 bytes each */
  async each(prefix, parts) {
    if (this.#workers.length === 0 || parts.starts.length < WORTH_SENDING) return sha256Each(prefix, parts);
    try {
      return concat(...(await Promise.all(this.#workers.map((worker, i) => answerOf(worker, { prefix, ...share(parts, i, this.#workers.length) })))));
    } catch {
      this.end(); // a browser that starts no workers, or ends them, takes longer
      return sha256Each(prefix, parts);
    }
  }

  /** @returns {void} */
  end() {
    this.#workers.forEach((worker) => worker.terminate());
    this.#workers = [];
    if (this.#address !== null) URL.revokeObjectURL(this.#address);
    this.#address = null;
  }

  #start() {
    this.#address = policy.createScriptURL("");
    const count = Math.min(WORKERS_MAX, globalThis.navigator.hardwareConcurrency ?? 1);
    try {
      while (this.#workers.length < count) this.#workers.push(new Worker(this.#address));
    } catch {
      this.end(); // this browser has none
    }
  }
}

// What a worker runs: an answer to each message, nothing when it could not.
const PROGRAM = `"use strict";
${digestEach}
onmessage = async ({ data }) => {
  const hashes = await digestEach(data).catch(() => null);
  postMessage(hashes, hashes ? [hashes.buffer] : []);
};`;

// Whatever it is asked for, it gives the address of that program.
const policy = policyOf({ createScriptURL: () => URL.createObjectURL(new Blob([PROGRAM], { type: "text/javascript" })) });

function policyOf(rules) {
  if (!globalThis.trustedTypes) return rules; // Firefox before 148, Safari before 26
  try {
    return globalThis.trustedTypes.createPolicy(POLICY, rules);
  } catch {
    return null; // this page's policy does not name it
  }
}

function answerOf(worker, parts) {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => (data ? resolve(data) : reject(new Error("no hashes")));
    worker.onmessageerror = reject;
    worker.onerror = (event) => {
      event.preventDefault();
      reject(event);
    };
    worker.postMessage(parts, [parts.bytes.buffer, parts.starts.buffer]);
  });
}

// The nth of so many shares, in memory of its own.
function share({ bytes, starts, gap }, nth, shares) {
  const [from, to] = [nth, nth + 1].map((edge) => Math.floor((edge * starts.length) / shares));
  const [begin, end] = [starts[from], to < starts.length ? starts[to] - gap : bytes.length];
  return { bytes: bytes.slice(begin, end), starts: Uint32Array.from(starts.slice(from, to)).map((start) => start - begin), gap };
}
