/** Account key files: made from the vault, proved, and read (protocol.md, section 10, kind 1). */

import { equal, hex, unhex } from "../lib/bytes.js";
import { makeKeyfile, openKeyfile } from "../crypto/keyfile.js";
import { encodeAccount, parseAccount } from "../crypto/keyfile-payload.js";
import { HASH_BYTES, ITERATIONS_MIN, KEYFILE_ACCOUNT, KEYFILE_CONVERSATION } from "../crypto/labels.js";
import { ed25519Public, randomBytes } from "../crypto/primitives.js";
import { readVault } from "../store/vault.js";
import { ChatError, codeOf } from "./codes.js";

const EMPTY_LOG = { size: 0, root: new Uint8Array(HASH_BYTES) };

/** The vault of a new account, before anything was published. @param {{me: object, origin: string, rootSeed: Uint8Array, historySeed: Uint8Array, bundle: object, madeMs: number}} made @param {string} passphrase @returns {Promise<Uint8Array>} */
export function makeVault({ me, origin, rootSeed, historySeed, bundle, madeMs }, passphrase) {
  return sealAccount({
    uid: unhex(me.uid), name: me.name, origin, rootSeed, history: [{ gen: bundle.hkGen, seed: historySeed }], bundleVersion: bundle.version,
    bundleHash: bundle.hash, lgPub: new Uint8Array(HASH_BYTES), log: EMPTY_LOG, pins: [], madeMs,
  }, passphrase);
}

/** @param {object} db @param {string} passphrase @returns {Promise<object>} AccountPayload @throws WRONG_PASSPHRASE */
export async function openVault(db, passphrase) {
  try {
    return await readAccountFile(await readVault(db), passphrase);
  } catch (error) {
    throw error.code === "KEYFILE_WRONG_PASSPHRASE" ? new ChatError("WRONG_PASSPHRASE") : error;
  }
}

/** Beside a file, which may have a passphrase of its own. @param {object} db @param {string} own passphrase of this browser @returns {Promise<object>} AccountPayload @throws KEYFILE_OTHER_PASSPHRASE */
export function openOwnVault(db, own) {
  return openVault(db, own).catch((error) => {
    throw codeOf(error) === "WRONG_PASSPHRASE" ? new ChatError("KEYFILE_OTHER_PASSPHRASE") : error;
  });
}

/** Today's file: the vault's keys with the present bundle, log and pins. @param {object} open Unlocked @param {string} passphrase @returns {Promise<{name: string, bytes: Uint8Array, gen: number}>} gen: its newest HK @throws KEYFILE_OLD_HERE: another browser has newer keys of the history */
export async function makeAccountFile({ db, me, bundles, replay, clock }, passphrase) {
  const account = await openVault(db, passphrase);
  const last = await bundles.current(me.uid);
  if (!account.history.some(({ gen }) => gen === last.hkGen)) throw new ChatError("KEYFILE_OLD_HERE");
  const madeMs = clock.now();
  const facts = { bundleVersion: last.version, bundleHash: last.hash, lgPub: replay.lgPub, log: await replay.head(), pins: bundles.pinsForFile(), madeMs };
  return { name: fileName("chat-key", me.name, madeMs), gen: last.hkGen, bytes: await sealAccount({ ...account, ...facts }, passphrase) };
}

/** @param {Uint8Array} bytes @param {string} passphrase @returns {Promise<object>} AccountPayload @throws KEYFILE_* */
export async function readAccountFile(bytes, passphrase) {
  const { kind, payload } = await openKeyfile(bytes, passphrase);
  if (kind !== KEYFILE_ACCOUNT) throw new ChatError("KEYFILE_BAD_FORMAT");
  return parseAccount(payload);
}

/** The file opens, and holds this account's own root. @param {Uint8Array} bytes @param {string} passphrase @param {{me: object, rootPub: Uint8Array}} own @returns {Promise<object>} AccountPayload @throws KEYFILE_* */
export async function checkAccountFile(bytes, passphrase, { me, rootPub }) {
  const account = await readAccountFile(bytes, passphrase);
  const isMine = hex(account.uid) === me.uid && account.name === me.name && equal(await ed25519Public(account.rootSeed), rootPub);
  if (!isMine) throw new ChatError("KEYFILE_WRONG_ACCOUNT");
  return account;
}

/** @param {Uint8Array} payload kind 2 @param {string} passphrase @returns {Promise<Uint8Array>} */
export function sealConversationFile(payload, passphrase) {
  return makeKeyfile({ kind: KEYFILE_CONVERSATION, passphrase, iterations: ITERATIONS_MIN, salt: randomBytes(32), payload });
}

/** @param {object} account AccountPayload @param {string} passphrase @returns {Promise<Uint8Array>} */
export function sealAccount(account, passphrase) {
  return makeKeyfile({ kind: KEYFILE_ACCOUNT, passphrase, iterations: ITERATIONS_MIN, salt: randomBytes(32), payload: encodeAccount(account) });
}

/** @param {string} what @param {string} name @param {number} madeMs @returns {string} */
export function fileName(what, name, madeMs) {
  return `${what}-${name}-${new Date(madeMs).toISOString().slice(0, 10)}.e2ck`;
}

/** @param {string} name of the other person @param {number} madeMs @returns {string} of an export, which is no key file */
export function exportName(name, madeMs) {
  return `chat-export-${name}-${new Date(madeMs).toISOString().slice(0, 10)}.e2cx`;
}
