/** What work costs, counted in operations: time itself is shown by bin/bench crypto. */

import { acceptHead, appendLeaves, emptyLog, encodeHead, encodeLeaf, logId, logRoot, restoreLog, signHead, topsOf } from "/static/js/crypto/log.js";
import { generateEd25519, randomBytes } from "/static/js/crypto/primitives.js";
import { vecsOf } from "/static/js/lib/vecs.js";
import { holds, same } from "./claims.js";

// Hashes that are asked for while `work` goes on.
async function digestsOf(work) {
  const { subtle } = globalThis.crypto;
  let count = 0;
  subtle.digest = (...given) => {
    count += 1;
    return SubtleCrypto.prototype.digest.apply(subtle, given);
  };
  try {
    await work();
  } finally {
    delete subtle.digest;
  }
  return count;
}

const someLeaves = (count) => Promise.all(Array.from({ length: count }, (_, i) => encodeLeaf({ name: `name-${i}`, uid: randomBytes(16), version: 1, bundleHash: randomBytes(32) })));

async function headOf(log, key) {
  const fields = { logId: await logId(key.pub), size: log.size, root: await logRoot(log), tsMs: Date.now() };
  return { head: encodeHead(fields), sig: await signHead(fields, key.seed) };
}

export async function a_log_costs_two_hashes_a_leaf() {
  const leaves = await someLeaves(1024);
  let log = emptyLog();
  same(await digestsOf(async () => (log = await appendLeaves(log, leaves))), 2 * 1024 - 1);
  same(await digestsOf(() => logRoot(log)), 0);
}

export async function a_new_leaf_costs_no_hash_of_the_old_ones() {
  const leaves = await someLeaves(1500);
  const key = await generateEd25519();
  const log = await appendLeaves(emptyLog(), leaves.slice(0, 1499));
  const { head, sig } = await headOf(await appendLeaves(log, leaves.slice(1499)), key);
  const own = { log, lgPub: key.pub, nowMs: Date.now(), myName: "alice", myBundleHashes: [] };
  const count = await digestsOf(() => acceptHead({ head, sig, leaves: [vecsOf(leaves.slice(1499))] }, own));
  holds(count <= 30, `a handful, not ${count}`);
}

export async function a_kept_log_hashes_only_what_lies_behind_its_last_top() {
  const leaves = await someLeaves(1500);
  const log = await appendLeaves(emptyLog(), leaves);
  const kept = log.runs.map(({ bytes }) => bytes);
  const count = await digestsOf(() => restoreLog(kept, topsOf(log)));
  const behind = 1500 % 256;
  holds(count <= 2 * behind + topsOf(log).length, `${behind} leaves and the nodes over them, not ${count}`);
  holds(count >= behind, "all of those");
}

export async function a_head_that_is_refused_leaves_the_log_as_it_was() {
  const leaves = await someLeaves(300);
  const key = await generateEd25519();
  const log = await appendLeaves(emptyLog(), leaves);
  const others = await someLeaves(2);
  const { head, sig } = await headOf(await appendLeaves(emptyLog(), [...leaves, ...others.toReversed()]), key);
  const own = { log, lgPub: key.pub, nowMs: Date.now(), myName: "alice", myBundleHashes: [] };
  const refused = await acceptHead({ head, sig, leaves: [vecsOf(others)] }, own).then(() => null, ({ code }) => code);
  same([refused, log.places.size], ["LOG_SPLIT_VIEW", 300]);
}
