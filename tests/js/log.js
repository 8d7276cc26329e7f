/** The own copy of the log, kept without most of its hashes. */

import { acceptHead, appendLeaves, emptyLog, encodeAssetLeaf, encodeHead, encodeLeaf, isReleased, lastLeaf, leavesOf, logId, logRoot, parseLeaf, restoreLog, signHead, topsOf } from "/static/js/crypto/log.js";
import { ProtocolError } from "/static/js/crypto/errors.js";
import { signKeyLeaf } from "/static/js/crypto/log-key.js";
import { generateEd25519, randomBytes, sha256 } from "/static/js/crypto/primitives.js";
import { utf8 } from "/static/js/lib/bytes.js";
import { vecsOf } from "/static/js/lib/vecs.js";
import { unchanged } from "/tests/vectors/js_compare.js";
import { holds, refuses, same } from "./claims.js";

const SIZES = [0, 1, 2, 3, 255, 256, 257, 300, 511, 512, 513, 640, 1023, 1024, 1100];

function keptOf({ runs }) {
  return runs.map(({ bytes }) => bytes);
}

async function grownOneByOne(leaves) {
  let log = emptyLog();
  for (const leaf of leaves) log = await appendLeaves(log, [leaf]);
  return log;
}

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
    const kept = await restoreLog(keptOf(before), topsOf(before));
    same([kept.size, await leavesOf(kept)], [size, leaves.slice(0, size)]);
    same(await logRoot(kept), await logRoot(whole, size));
    const grown = await appendLeaves(kept, leaves.slice(size));
    for (const earlier of SIZES) same(await logRoot(grown, earlier), await logRoot(whole, earlier));
  }
}

export async function a_log_finds_the_last_leaf_of_a_name_at_every_size() {
  const uid = randomBytes(16);
  const one = (version) => encodeLeaf({ name: "alice", uid, version, bundleHash: randomBytes(32) });
  const mine = await Promise.all([1, 2, 3].map(one));
  const others = await someLeaves(600);
  const leaves = [...others.slice(0, 10), mine[0], ...others.slice(10, 300), mine[1], ...others.slice(300), mine[2]];
  const log = await appendLeaves(emptyLog(), leaves);
  const { idx } = parseLeaf(mine[0]);
  for (const found of [log, await restoreLog(keptOf(log), topsOf(log)), await grownOneByOne(leaves)]) {
    const versions = [10, 11, 301, 302, leaves.length - 1, leaves.length].map((size) => lastLeaf(found, idx, size)?.version ?? null);
    same(versions, [null, 1, 1, 2, 2, 3]);
  }
}

export async function a_shorter_log_knows_nothing_of_what_came_later() {
  const [asset, ...others] = [await encodeAssetLeaf({ build: "2", manifest: utf8("later") }), ...(await someLeaves(300))];
  const leaf = await encodeLeaf({ name: "alice", uid: randomBytes(16), version: 1, bundleHash: randomBytes(32) });
  const { idx } = parseLeaf(leaf);
  const shorter = await appendLeaves(emptyLog(), others);
  const longer = await appendLeaves(shorter, [leaf, asset]);
  const manifest = await sha256(utf8("later"));
  same([lastLeaf(shorter, idx) ?? null, isReleased(shorter, manifest), shorter.size], [null, false, 300]);
  same([lastLeaf(longer, idx).version, isReleased(longer, manifest), longer.size], [1, true, 302]);
  const elsewhere = await appendLeaves(shorter, [asset, leaf]);
  same([await leavesOf(longer), await leavesOf(elsewhere)], [[...others, leaf, asset], [...others, asset, leaf]]);
  same([lastLeaf(elsewhere, idx, 301) ?? null, lastLeaf(longer, idx, 301).version], [null, 1]);
}

export async function a_refused_head_leaves_nothing_behind_in_the_own_log() {
  const key = await generateEd25519();
  const all = await someLeaves(5);
  const [log, leaves, root] = [await appendLeaves(emptyLog(), all.slice(0, 2)), all.slice(2), await logRoot(await appendLeaves(emptyLog(), all))];
  const own = { log, lgPub: key.pub, nowMs: 0, myName: "nobody", myBundleHashes: [] };
  const judge = async (claimed) => {
    const head = { logId: await logId(key.pub), size: 5, root: claimed, tsMs: 0 };
    return acceptHead({ head: encodeHead(head), sig: await signHead(head, key.seed), leaves: [vecsOf(leaves)] }, own);
  };
  await refuses("LOG_SPLIT_VIEW", () => unchanged(own, () => judge(randomBytes(32))));
  same(log.places.size, 2);
  const { log: longer } = await unchanged(own, () => judge(root));
  same([longer.size, log.size], [5, 2]);
}

export async function what_a_refusal_left_behind_in_a_log_is_seen() {
  const log = await appendLeaves(emptyLog(), await someLeaves(2));
  const refused = async () => {
    log.places.add(null, 0);
    throw new ProtocolError("LOG_SPLIT_VIEW");
  };
  await refuses("Error", () => unchanged({ log }, refused));
}

export async function a_log_of_thousands_comes_to_what_its_leaves_come_to_by_hundreds() {
  const leaves = await someLeaves(9001);
  const [atOnce, shared] = [await appendLeaves(emptyLog(), leaves), await appendLeaves(emptyLog(), leaves.slice(0, 700))];
  let byHundreds = shared;
  for (let from = 700; from < leaves.length; from += 700) byHundreds = await appendLeaves(byHundreds, leaves.slice(from, from + 700));
  for (const size of [9001, 9000, 8192, 700, 699, 1]) same(await logRoot(atOnce, size), await logRoot(byHundreds, size));
  same(topsOf(atOnce), topsOf(byHundreds));
}

export async function nothing_more_leaves_a_log_as_it_is() {
  for (const size of [0, 1, 256, 300]) {
    const log = await appendLeaves(emptyLog(), await someLeaves(size));
    same(await appendLeaves(log, []), log);
    same((await restoreLog(keptOf(log), topsOf(log))).tree, log.tree);
  }
  same(await appendLeaves(emptyLog(), []), emptyLog());
}

export async function a_log_is_kept_in_runs_that_are_seldom_written_again() {
  const leaves = await someLeaves(1100);
  const sizesOf = ({ runs }) => runs.map(({ starts }) => starts.length);
  let log = await appendLeaves(emptyLog(), leaves.slice(0, 600));
  same(sizesOf(log), [600]);
  const [first] = log.runs;
  for (const size of [601, 640, 855, 856, 857, 1100]) log = await appendLeaves(log, leaves.slice(log.size, size));
  same([sizesOf(log), log.runs[0] === first], [[600, 256, 244], true]);
  same(await leavesOf(log), leaves);
}

export async function tops_are_one_for_each_256_leaves() {
  for (const [size, count] of [[0, 0], [255, 0], [256, 1], [600, 2], [1024, 4]]) {
    same(topsOf(await appendLeaves(emptyLog(), await someLeaves(size))).length, count);
  }
}

export async function a_wrong_top_is_another_root() {
  const leaves = await someLeaves(600);
  const log = await appendLeaves(emptyLog(), leaves);
  const kept = await restoreLog(keptOf(log), [topsOf(log)[0], randomBytes(32)]);
  holds(String(await logRoot(kept)) !== String(await logRoot(log)), "the root shows it");
}

export async function a_key_leaf_of_any_size_is_judged_by_the_bytes_that_were_signed() {
  const [old, next] = [await generateEd25519(), await generateEd25519()];
  const log = await appendLeaves(emptyLog(), await someLeaves(2));
  const after = async (size) => {
    const leaf = await signKeyLeaf({ oldPub: old.pub, newPub: next.pub, size, root: await logRoot(log) }, old.seed);
    const head = { logId: await logId(next.pub), size: 3, root: await logRoot(await appendLeaves(log, [leaf])), tsMs: 0 };
    const own = { log, lgPub: old.pub, nowMs: 0, myName: "nobody", myBundleHashes: [] };
    return acceptHead({ head: encodeHead(head), sig: await signHead(head, next.seed), leaves: [vecsOf([leaf])] }, own);
  };
  same((await after(2)).lgPub, next.pub);
  for (const size of [3, 2n ** 53n, 2n ** 53n + 5n, 2n ** 64n - 1n]) await refuses("LOG_SPLIT_VIEW", () => after(size));
}
