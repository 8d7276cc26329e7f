/**
 * The next version of the own bundle, made by whoever opens the vault: a browser leaves, the history or the root gets new keys
 * (protocol.md, sections 2 and 3). Kept before it is public, so that a lost answer loses no key.
 */

import { equal } from "../lib/bytes.js";
import { decodeBundle, signBundle } from "../crypto/bundle.js";
import { ProtocolError, check } from "../crypto/errors.js";
import { ed25519Public } from "../crypto/primitives.js";
import { vaultChange } from "../store/vault.js";
import { ChatError, codeOf } from "./codes.js";
import { DEVICE, deviceChange } from "./device-keys.js";
import { openVault, sealAccount } from "./key-files.js";
import { isPublished } from "./keys-setup.js";

const CHANGE = "own-change"; // ring object {bundle, vault, rootPub}: made, perhaps published, the vault not in its place yet
const TRIES = 3; // another browser may publish at the same time
const FORGED = "LOG_SELF_FORGED";

/** @typedef {{fields: object, history: {gen: number, seed: Uint8Array}[], rootSeed?: Uint8Array}} OwnChange fields of the bundle that change; every HK from now on; a new RS */

/**
 * @param {object} open Unlocked @param {string} passphrase of the vault
 * @param {(last: object, account: object) => Promise<OwnChange>} change from the present Bundle and the vault's AccountPayload
 * @returns {Promise<void>} published, the vault is the new one, the chats are told @throws WRONG_PASSPHRASE, KEYS_OLD_HERE, LOG_SELF_FORGED: nothing was made, bringAccount comes first; OFFLINE: goes on at the next unlock
 */
export async function changeOwnBundle(open, passphrase, change) {
  await resumeOwnChange(open);
  for (let left = TRIES; ; left -= 1) {
    await open.catchUp();
    check(open.replay.alarm !== FORGED, FORGED); // the next version is there, and not under the root known here
    await keepChange(open, passphrase, change);
    if (await resumeOwnChange(open)) break;
    if (left === 0) throw new ProtocolError("STALE_BUNDLE");
  }
  await open.catchUp();
}

/** What was begun, here or before a crash. @param {{api: object, me: object, ring: object, device?: object}} parts device: DeviceKeys while the chats are open @returns {Promise<boolean>} whether it came to be */
export async function resumeOwnChange({ api, me, ring, device = null }) {
  const kept = await ring.get(CHANGE);
  if (!kept) return false;
  const isDone = await publishOnce(api, me, kept.bundle);
  const { rootPub, vault } = kept;
  if (isDone) device?.moveTo(rootPub); // the log may be looked at before this is kept
  const moved = isDone ? [deviceChange({ ...(await ring.get(DEVICE)), rootPub })] : [];
  await ring.commit({ ring: [{ name: CHANGE }, ...moved], clear: isDone ? [vaultChange(vault)] : [] });
  return isDone;
}

/** The own leaf in the log that was not answered yet. @param {object} ring @returns {Promise<Uint8Array[]>} bundle hashes */
export async function hashesInTheMaking(ring) {
  const kept = await ring.get(CHANGE);
  return kept ? [(await decodeBundle(kept.bundle)).hash] : [];
}

async function keepChange({ db, me, ring, bundles, clock }, passphrase, change) {
  const account = await openVault(db, passphrase);
  const last = await bundles.current(me.uid);
  if (!equal(last.rootPub, await ed25519Public(account.rootSeed))) throw new ChatError("KEYS_OLD_HERE");
  const { fields, history, rootSeed = account.rootSeed } = await change(last, account);
  const next = { ...last, ...fields, version: last.version + 1, prevHash: last.hash, issuedMs: clock.now() };
  const bundle = await signBundle(next, rootSeed, rootSeed === account.rootSeed ? null : account.rootSeed);
  const facts = { history, bundleVersion: bundle.version, bundleHash: bundle.hash, madeMs: clock.now() };
  const vault = await sealAccount({ ...account, ...facts, rootSeed }, passphrase);
  await ring.commit({ ring: [{ name: CHANGE, value: { bundle: bundle.bytes, vault, rootPub: bundle.rootPub } }] });
}

// Another version came first: nobody has seen this one. Publishing again what is there already is no fault.
async function publishOnce(api, me, bundle) {
  try {
    await api.publish({ bundle, prekeys: [] });
    return true;
  } catch (error) {
    if (codeOf(error) !== "STALE_BUNDLE") throw error;
    return isPublished(api, me, bundle);
  }
}
