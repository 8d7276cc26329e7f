/** Hashes by the thousand: the same from the page and from workers, and without workers where there are none. */

import { Digests, sha256Each } from "/static/js/crypto/digests.js";
import { randomBytes, sha256 } from "/static/js/crypto/primitives.js";
import { concat, hex } from "/static/js/lib/bytes.js";
import { holds, same } from "./claims.js";

const PREFIX = Uint8Array.of(7);
const GAP = 2;
const MANY = 20_000; // hashes: workers are worth it
const COUNTS = [0, 1, 2, 127, 128, 129, 600, 3000];

// Mostly of one length, as leaves are.
function partsOf(count) {
  const contents = Array.from({ length: count }, (_, i) => randomBytes(i % 9 === 4 ? i % 70 : 64));
  const starts = [];
  let at = 0;
  for (const one of contents) {
    starts.push(at);
    at += one.length + GAP;
  }
  const bytes = concat(...contents.flatMap((one) => [one, new Uint8Array(GAP)])).subarray(0, Math.max(0, at - GAP));
  return { contents, parts: { bytes, starts, gap: GAP } };
}

async function hashesOf(contents) {
  return concat(...(await Promise.all(contents.map((one) => sha256(PREFIX, one)))));
}

// What `work` comes to, how many hashes the page made itself meanwhile, and what became of the workers it started.
async function watched(Started, work) {
  const { Worker: Kept, crypto: { subtle } } = globalThis;
  const seen = { page: 0, workers: 0, ended: 0 };
  subtle.digest = (...given) => {
    seen.page += 1;
    return SubtleCrypto.prototype.digest.apply(subtle, given);
  };
  globalThis.Worker = class extends Started {
    constructor(...given) {
      super(...given);
      seen.workers += 1;
    }

    terminate() {
      seen.ended += 1;
      super.terminate();
    }
  };
  try {
    return { value: await work(), ...seen };
  } finally {
    globalThis.Worker = Kept;
    delete subtle.digest;
  }
}

async function byDigests(count, parts) {
  const digests = new Digests(count);
  try {
    return await digests.each(PREFIX, parts);
  } finally {
    digests.end();
  }
}

async function comesFromThePage(Started) {
  const { contents, parts } = partsOf(600);
  const { value, page, workers, ended } = await watched(Started, () => byDigests(MANY, parts));
  same([hex(value), page, ended], [hex(await hashesOf(contents)), 600, workers]);
}

export async function many_hashes_are_each_what_one_is() {
  for (const count of COUNTS) {
    const { contents, parts } = partsOf(count);
    same(hex(await sha256Each(PREFIX, parts)), hex(await hashesOf(contents)));
  }
}

export async function hashes_of_workers_are_those_of_the_page() {
  for (const count of COUNTS) {
    const { contents, parts } = partsOf(count);
    const kept = hex(parts.bytes);
    same(hex(await byDigests(MANY, parts)), hex(await hashesOf(contents)));
    same(hex(parts.bytes), kept);
  }
}

export async function workers_take_the_hashes_off_the_page_and_are_ended() {
  const { parts } = partsOf(3000);
  const { page, workers, ended } = await watched(Worker, () => byDigests(MANY, parts));
  holds(workers >= 1 && workers <= 4, `${workers} workers`);
  same([page, ended], [0, workers]);
}

export async function a_few_hashes_start_no_worker() {
  const { parts } = partsOf(3000);
  const { page, workers } = await watched(Worker, () => byDigests(3000, parts));
  same([page, workers], [3000, 0]);
}

export async function without_workers_the_page_makes_the_hashes() {
  await comesFromThePage(class {
    constructor() {
      throw new Error("none here");
    }
  });
}

export async function workers_that_fail_are_ended_and_the_page_makes_the_hashes() {
  await comesFromThePage(class extends Worker {
    postMessage() {
      this.onerror(new ErrorEvent("error"));
    }
  });
  await comesFromThePage(class extends Worker {
    postMessage() {
      super.postMessage(null, []); // no parts: an answer that has no hashes
    }
  });
}

export async function a_worker_runs_only_the_program_of_this_module() {
  const made = (work) => {
    try {
      work();
      return "made";
    } catch ({ name }) {
      return name;
    }
  };
  const address = URL.createObjectURL(new Blob(["postMessage(1)"], { type: "text/javascript" }));
  same(made(() => new Worker(address)), "TypeError");
  for (const name of ["digest-workers", "other"]) same(made(() => globalThis.trustedTypes.createPolicy(name, { createScriptURL: () => address })), "TypeError");
}
