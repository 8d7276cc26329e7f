/** Objects of `accept` and `refuse`: each is given to the receiving side with its context, or the refusal is thrown. */

import { openBlob, sealBlob, checkSize } from "/static/js/crypto/attachment.js";
import { acceptBundle, decodeBundle } from "/static/js/crypto/bundle.js";
import { stepChain } from "/static/js/crypto/chain.js";
import { openEnvelope, openEnvelopes, parseHeader } from "/static/js/crypto/envelope.js";
import { firstChainKeys, newConversation, receiveRecord } from "/static/js/crypto/epoch.js";
import { openKeyfile } from "/static/js/crypto/keyfile.js";
import { checkAccount, parseAccount } from "/static/js/crypto/keyfile-payload.js";
import { acceptHead, appendLeaves, emptyLog } from "/static/js/crypto/log.js";
import { acceptPrekey } from "/static/js/crypto/prekeys.js";
import { ed25519Public } from "/static/js/crypto/primitives.js";
import { hex, unhex } from "/static/js/lib/bytes.js";
import { vecsOf } from "/static/js/lib/vecs.js";
import { maybe, unchanged } from "./js_compare.js";
import { patternBytes } from "./js_small.js";

const NOW_MS = 1_700_000_000_000;

export const OBJECTS = { bundle, head, prekey, record, envelope, blob, keyfile };

async function bundle(given) {
  const previous = given.prev_bundle ? await decodeBundle(unhex(given.prev_bundle)) : null;
  const known = { uid: unhex(given.uid), name: given.name, previous };
  await unchanged(known, () => acceptBundle(unhex(given.bundle), known));
}

async function head(given) {
  const own = {
    log: await appendLeaves(emptyLog(), given.own_leaves.map(unhex)), lgPub: unhex(given.lg_pub), nowMs: given.now_ms,
    myName: given.my_name, myBundleHashes: given.my_bundle_hashes.map(unhex),
  };
  const fetched = { head: unhex(given.head), sig: unhex(given.sig), leaves: [vecsOf(given.new_leaves.map(unhex))] };
  await unchanged(own, () => acceptHead(fetched, own));
}

async function prekey(given) {
  const asked = { uid: unhex(given.uid), did: unhex(given.did), dsPub: unhex(given.ds_pub), nowMs: given.now_ms };
  await acceptPrekey({ prekey: unhex(given.prekey), sig: unhex(given.sig) }, asked);
}

async function record(given) {
  const from = given.state;
  const state = {
    ...newConversation({ cid: unhex(from.cid), uidLo: unhex(from.uid_lo), uidHi: unhex(from.uid_hi) }),
    epoch: from.epoch, th: unhex(from.th), next: maybe(from.next), leafSeed: maybe(from.leaf_seed),
    leafs: from.leafs && from.leafs.map((one) => ({ did: unhex(one.did), pub: unhex(one.pub) })),
    records: from.records.map((one) => ({ epoch: one.epoch, sha256: unhex(one.sha256) })),
  };
  const context = {
    device: { uid: unhex(from.uid), did: unhex(from.did), dkSeed: unhex(from.dk_seed), spks: seeds(from.spks), opks: seeds(from.opks) },
    bundles: await Promise.all(from.bundles.map((bytes) => decodeBundle(unhex(bytes)))),
    log: await appendLeaves(emptyLog(), from.log_leaves.map(unhex)),
    counters: from.counters.map((one) => ({ did: unhex(one.did), nextCounter: one.next_counter })),
  };
  await unchanged({ state, context }, () => receiveRecord(unhex(given.record), state, context));
}

function seeds(list) {
  return list.map(({ id, seed }) => ({ id, seed: unhex(seed) }));
}

async function envelope(given) {
  const bytes = unhex(given.envelope);
  const { epoch: number, uid, did, counter } = parseHeader(bytes);
  const epoch = await epochKeys(given.epochs.find((one) => one.epoch === number));
  const known = given.chains.find((one) => one.epoch === number && one.uid === hex(uid) && one.did === hex(did));
  const chain = epoch && known && epoch.ck0[known.did] ? await chainBefore(epoch, known) : null;
  const seenMid = maybe(known?.seen.find((one) => one.counter === counter)?.mid);
  const sender = { uid: unhex(given.sender.uid), did: unhex(given.sender.did) };
  const context = { cid: unhex(given.cid), sender, epoch, chain, seenMid, nowMs: NOW_MS };
  await unchanged(context, () => openEnvelope(bytes, context));
  const chains = new Map(chain ? [[`${number}/${known.did}`, chain]] : []);
  const batch = await openEnvelopes([{ envelope: bytes, sender, seenMid }], { cid: context.cid, epochs: new Map([[number, epoch]]), chains, nowMs: NOW_MS });
  if (batch.results[0].error) throw batch.results[0].error;
}

async function epochKeys(given) {
  if (!given) return null;
  const members = given.members.map(({ uid, did }) => ({ uid: unhex(uid), did: unhex(did) }));
  return { epoch: given.epoch, th: unhex(given.th), members, ck0: await firstChainKeys(unhex(given.k_msg), members) };
}

const chainsMade = new Map();

function chainBefore(epoch, known) {
  const key = JSON.stringify([hex(epoch.ck0[known.did]), known]);
  if (!chainsMade.has(key)) chainsMade.set(key, makeChain(epoch, known));
  return chainsMade.get(key);
}

// A chain that expects next_counter; what it did not see of the last 2000 it has kept as skipped.
async function makeChain(epoch, { uid, did, next_counter: next, seen }) {
  const skipped = [];
  let ck = epoch.ck0[did];
  for (let counter = 0; counter < next; counter += 1) {
    const { msk, ck: following } = await stepChain(ck);
    const isKept = counter >= next - 2000 && !seen.some((one) => one.counter === counter);
    if (isKept) skipped.push({ counter, msk, untilMs: NOW_MS + 1 });
    ck = following;
  }
  return { epoch: epoch.epoch, uid: unhex(uid), did: unhex(did), next, ck, skipped };
}

async function blob(given) {
  checkSize(given.size);
  const bytes = given.blob === undefined ? await blobOf(given.blob_spec) : unhex(given.blob);
  await openBlob(bytes, { fk: unhex(given.fk), size: given.size, hash: unhex(given.hash) });
}

async function blobOf({ fk, fsalt, plaintext, truncate_to: length }) {
  const sealed = await sealBlob(patternBytes(plaintext), unhex(fk), unhex(fsalt));
  return sealed.blob.slice(0, length);
}

async function keyfile(given) {
  const { payload } = await openKeyfile(unhex(given.keyfile), given.passphrase);
  if (!given.account) return;
  const { uid, name, root_seed: rootSeed } = given.account;
  await checkAccount(parseAccount(payload), { uid: unhex(uid), name, rootPub: await ed25519Public(unhex(rootSeed)) });
}
