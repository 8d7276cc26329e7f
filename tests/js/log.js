/** The own copy of the log, kept without most of its hashes. */

import { appendLeaves, emptyLog, encodeAssetLeaf, encodeLeaf, logRoot, restoreLog, topsOf } from "/static/js/crypto/log.js";
import { randomBytes, sha256, sha256Each } from "/static/js/crypto/primitives.js";
import { utf8 } from "/static/js/lib/bytes.js";
import { holds, same } from "./claims.js";

const SIZES = [0, 1, 2, 3, 255, 256, 257, 300, 511, 512, 513, 640, 1023, 1024, 1100];

async function someLeaves(count) {
  const asset = await encodeAssetLeaf({ build: "1", manifest: utf8("manifest") });
  const one = (i) => (i % 7 === 3 ? asset : encodeLeaf({ name: `name-${i}`, uid: randomBytes(16), version: 1, bundleHash: randomBytes(32) }));
  return Promise.all(Array.from({ length: count }, (_, i) => one(i)));
}

export async function a_log_goes_on_from_its_tops() {
  const leaves = await someLeaves(SIZES.at(-1));
  const whole = await appendLeaves(emptyLog(), leaves);
  for (const size of SIZES) {
    const before = await appendLeaves(emptyLog(), leaves.slice(0, size));
    const kept = await restoreLog(leaves.slice(0, size), topsOf(before));
    same([kept.size, kept.leaves, kept.places], [before.size, before.leaves, before.places]);
    same(await logRoot(kept), await logRoot(whole, size));
    const grown = await appendLeaves(kept, leaves.slice(size));
    for (const earlier of SIZES) same(await logRoot(grown, earlier), await logRoot(whole, earlier));
  }
}

export async function tops_are_one_for_each_full_chunk() {
  for (const [size, count] of [[0, 0], [255, 0], [256, 1], [600, 2], [1024, 4]]) {
    same(topsOf(await appendLeaves(emptyLog(), await someLeaves(size))).length, count);
  }
}

export async function a_wrong_top_is_another_root() {
  const leaves = await someLeaves(600);
  const log = await appendLeaves(emptyLog(), leaves);
  const kept = await restoreLog(leaves, [topsOf(log)[0], randomBytes(32)]);
  holds(String(await logRoot(kept)) !== String(await logRoot(log)), "the root shows it");
}

export async function many_hashes_are_each_what_one_is() {
  const shared = new Uint8Array(9);
  const hashes = await sha256Each(600, (i) => {
    shared[0] = i % 251;
    return shared;
  });
  same(hashes.length, 600);
  for (const i of [0, 1, 255, 256, 599]) same(hashes[i], await sha256(Uint8Array.of(i % 251, ...new Uint8Array(8))));
}
