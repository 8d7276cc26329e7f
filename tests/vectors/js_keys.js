/** Vectors of bundles, the log and prekeys. */

import { acceptBundle, decodeBundle, signBundle } from "/static/js/crypto/bundle.js";
import {
  acceptHead, appendLeaves, emptyLog, encodeAssetLeaf, encodeHead, encodeLeaf, logId, logRoot, parseHead, signHead,
} from "/static/js/crypto/log.js";
import { signKeyLeaf } from "/static/js/crypto/log-key.js";
import { acceptPrekey, encodePrekey, parsePrekey, signPrekey } from "/static/js/crypto/prekeys.js";
import { ed25519Public, x25519Public } from "/static/js/crypto/primitives.js";
import { hashLeaf } from "/static/js/crypto/tree.js";
import { unhex, utf8 } from "/static/js/lib/bytes.js";
import { vecsOf } from "/static/js/lib/vecs.js";
import { maybe, same } from "./js_compare.js";

export async function judgeBundle(given, out) {
  const fields = await bundleFields(given);
  const made = await signBundle(fields, unhex(given.root_seed), maybe(given.old_root_seed));
  same("keys", [fields.rootPub, fields.historyPub], [out.root_pub, out.hk_pub]);
  same("core", [made.core, made.hash, made.sig, made.sigOld], [out.bundle_core, out.bundle_hash, out.sig, out.sig_old]);
  same("bundle", made.bytes, out.bundle);
  const previous = given.prev_bundle ? await decodeBundle(unhex(given.prev_bundle)) : null;
  const { bundle, notices } = await acceptBundle(made.bytes, { uid: fields.uid, name: given.name, previous });
  same("notices", notices, out.notices);
  const { suites, version, hkGen, issuedMs } = bundle;
  same("fields", [suites, version, hkGen, issuedMs], [given.suites, given.version, given.hk_gen, given.issued_ms]);
  const devices = bundle.devices.map(({ did, dsPub, dkPub }) => ({ did, ds_pub: dsPub, dk_pub: dkPub }));
  same("devices", devices, out.devices);
}

async function bundleFields(given) {
  const devices = given.devices.map(async (one) => ({
    did: unhex(one.did), dsPub: await ed25519Public(unhex(one.ds_seed)), dkPub: await x25519Public(unhex(one.dk_seed)), addedMs: one.added_ms,
  }));
  return {
    suites: given.suites, uid: unhex(given.uid), name: given.name, version: given.version, prevHash: unhex(given.prev_hash),
    rootPub: await ed25519Public(unhex(given.root_seed)), historyPub: await x25519Public(unhex(given.history_seed)),
    hkGen: given.hk_gen, issuedMs: given.issued_ms, devices: await Promise.all(devices),
  };
}

export async function judgeLog(given, out) {
  const leaves = [];
  for (const leaf of given.leaves) leaves.push(await encodeGivenLeaf(leaf, leaves, given));
  same("leaves", leaves, out.leaves);
  same("leaf hashes", await Promise.all(leaves.map(hashLeaf)), out.leaf_hashes);
  const log = await growOneByOne(leaves);
  same("roots", await Promise.all(out.roots.map((_, size) => logRoot(log, size))), out.roots);
  await judgeHead(given, out, leaves, log);
}

async function judgeHead(given, out, leaves, log) {
  const lgPub = await ed25519Public(unhex(given.log_seed));
  const fields = { logId: await logId(lgPub), size: leaves.length, root: await logRoot(log), tsMs: given.ts_ms };
  const head = encodeHead(fields);
  const sig = await signHead(fields, unhex(given.log_seed));
  same("head", [lgPub, fields.logId, head, sig], [out.log_pub, out.log_id, out.head, out.head_sig]);
  same("head read", parseHead(head), fields);
  const own = { log: emptyLog(), lgPub, pinnedSize: leaves.length, nowMs: given.ts_ms, myName: "nobody-here", myBundleHashes: [] };
  const accepted = await acceptHead({ head, sig, leaves: [vecsOf(leaves)] }, own);
  same("log at once and one by one", accepted.log, log);
}

async function encodeGivenLeaf(leaf, before, given) {
  if ("old_log_seed" in leaf) return encodeKeyLeaf(unhex(leaf.old_log_seed), before, given);
  if ("build" in leaf) return encodeAssetLeaf({ build: leaf.build, manifest: utf8(leaf.manifest) });
  return encodeLeaf({ name: leaf.name, uid: unhex(leaf.uid), version: leaf.version, bundleHash: unhex(leaf.bundle_hash) });
}

async function encodeKeyLeaf(oldSeed, before, { log_seed: seed }) {
  const [oldPub, newPub] = await Promise.all([oldSeed, unhex(seed)].map(ed25519Public));
  return signKeyLeaf({ oldPub, newPub, size: before.length, root: await logRoot(await growOneByOne(before)) }, oldSeed);
}

async function growOneByOne(leaves) {
  let log = emptyLog();
  for (const leaf of leaves) log = await appendLeaves(log, [leaf]);
  return log;
}

export async function judgePrekey(given, out) {
  const pub = await x25519Public(unhex(given.seed));
  const dsSeed = unhex(given.ds_seed);
  const fields = { kind: given.kind, uid: unhex(given.uid), did: unhex(given.did), id: given.id, pub, notAfterMs: given.not_after_ms };
  const signed = await signPrekey(fields, dsSeed);
  same("prekey", [pub, encodePrekey(fields), signed.sig], [out.pub, out.prekey, out.sig]);
  same("read", parsePrekey(signed.prekey), fields);
  const dsPub = await ed25519Public(dsSeed);
  same("ds_pub", dsPub, out.ds_pub);
  same("accepted", await acceptPrekey(signed, { ...fields, dsPub, nowMs: given.not_after_ms }), fields);
}

