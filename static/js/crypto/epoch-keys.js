/** The secrets of an epoch: wraps, the key schedule, history wraps, confirmation (protocol.md, section 6). */

import { concat, equal, hex, u32 } from "../lib/bytes.js";
import { check } from "./errors.js";
import { LABEL, Z32 } from "./labels.js";
import { dh, gcmOpen, gcmSeal, kdf, mac, wipe } from "./primitives.js";

const ONE = Uint8Array.of(1);

/** @typedef {{join: boolean, coreHash: Uint8Array, uid: Uint8Array, did: Uint8Array, leafPub: Uint8Array, dkPub: Uint8Array,
 *   senderDkPub: Uint8Array, ePub: Uint8Array, opkId: number}} WrapContext of member j */
/** @typedef {{th: Uint8Array, uid: Uint8Array, hkPub: Uint8Array, senderDkPub: Uint8Array, ePub: Uint8Array}} HistoryContext */
/** @typedef {{kMsg: Uint8Array, next: Uint8Array, kConf: Uint8Array}} EpochSecrets */

/**
 * Z_j = DH(DK_s, L_j) || DH(E, DK_j) || DH(E, L_j) || ( DH(E, OPK_j) ), as the sender computes it.
 * @param {{dkSeed: Uint8Array, eSeed: Uint8Array}} own @param {{leafPub: Uint8Array, dkPub: Uint8Array, opkPub: Uint8Array|null}} member
 * @returns {Promise<Uint8Array>} 96 or 128 bytes
 */
export async function wrapSecretOfSender({ dkSeed, eSeed }, { leafPub, dkPub, opkPub }) {
  const parts = [dh(dkSeed, leafPub), dh(eSeed, dkPub), dh(eSeed, leafPub)];
  if (opkPub) parts.push(dh(eSeed, opkPub));
  return concat(...(await Promise.all(parts)));
}

/**
 * The same Z_j from the member's private halves.
 * @param {{leafSeed: Uint8Array, dkSeed: Uint8Array, opkSeed: Uint8Array|null}} own @param {{senderDkPub: Uint8Array, ePub: Uint8Array}} sender
 * @returns {Promise<Uint8Array>}
 */
export async function wrapSecretOfMember({ leafSeed, dkSeed, opkSeed }, { senderDkPub, ePub }) {
  const parts = [dh(leafSeed, senderDkPub), dh(dkSeed, ePub), dh(leafSeed, ePub)];
  if (opkSeed) parts.push(dh(opkSeed, ePub));
  return concat(...(await Promise.all(parts)));
}

/**
 *     info_j = LBL "wrap" or "join" | core_hash | uid_j | did_j | L_j | DK_j | DK_s_pub | E_pub | opk_id u32
 * @param {WrapContext} context @returns {Uint8Array}
 */
export function wrapInfo({ join, coreHash, uid, did, leafPub, dkPub, senderDkPub, ePub, opkId }) {
  return concat(join ? LABEL.join : LABEL.wrap, coreHash, uid, did, leafPub, dkPub, senderDkPub, ePub, u32(opkId));
}

/**
 *     info = LBL "hwrap" | TH_e | uid | HK_pub | DK_s_pub | E_pub
 * @param {HistoryContext} context @returns {Uint8Array}
 */
export function historyInfo({ th, uid, hkPub, senderDkPub, ePub }) {
  return concat(LABEL.hwrap, th, uid, hkPub, senderDkPub, ePub);
}

/**
 * DH(DK_s, HK) || DH(E, HK), as the sender computes it.
 * @param {{dkSeed: Uint8Array, eSeed: Uint8Array}} own @param {Uint8Array} hkPub
 * @returns {Promise<Uint8Array>}
 */
export async function historySecretOfSender({ dkSeed, eSeed }, hkPub) {
  return concat(...(await Promise.all([dh(dkSeed, hkPub), dh(eSeed, hkPub)])));
}

/**
 * The same from HK.
 * @param {Uint8Array} hkSeed @param {{senderDkPub: Uint8Array, ePub: Uint8Array}} sender
 * @returns {Promise<Uint8Array>}
 */
export async function historySecretOfReader(hkSeed, { senderDkPub, ePub }) {
  return concat(...(await Promise.all([dh(hkSeed, senderDkPub), dh(hkSeed, ePub)])));
}

/**
 * k||n = KDF(Z, Z32, info, 44); GCM(k, n, secret, info). Z is wiped.
 * @param {Uint8Array} z @param {Uint8Array} info @param {Uint8Array} secret 32 bytes
 * @returns {Promise<Uint8Array>} 48 bytes
 */
export async function sealWrap(z, info, secret) {
  const keys = await wrapKeys(z, info);
  const wrap = await gcmSeal(keys.key, keys.nonce, secret, info);
  wipe(z, keys.key);
  return wrap;
}

/**
 * @param {Uint8Array} z wiped @param {Uint8Array} info @param {Uint8Array} wrap
 * @returns {Promise<Uint8Array>} the 32 bytes in it @throws BAD_TAG
 */
export async function openWrap(z, info, wrap) {
  const keys = await wrapKeys(z, info);
  wipe(z);
  return gcmOpen(keys.key, keys.nonce, wrap, info);
}

/**
 * x_j of a newcomer = MAC(next_{e-1}, r): the HKDF extract, so that it needs no next_{e-1}.
 * @param {Uint8Array} nextPrev @param {Uint8Array} r
 * @returns {Promise<Uint8Array>}
 */
export function joinSecret(nextPrev, r) {
  return mac(nextPrev, r);
}

/**
 * S_e = KDF(r, salt, LBL "epoch" || TH_e, 32)
 * @param {Uint8Array} r @param {Uint8Array} salt next_{e-1}, Z32 for START and RESTART @param {Uint8Array} th
 * @returns {Promise<Uint8Array>}
 */
export function epochSecret(r, salt, th) {
  return kdf(r, salt, concat(LABEL.epoch, th), 32);
}

/**
 * S_e = MAC(x_j, LBL "epoch" || TH_e || 0x01): the one-block HKDF expand.
 * @param {Uint8Array} x @param {Uint8Array} th
 * @returns {Promise<Uint8Array>}
 */
export function epochSecretOfNewcomer(x, th) {
  return mac(x, LABEL.epoch, th, ONE);
}

/** @param {Uint8Array} s S_e @param {Uint8Array} th @returns {Promise<EpochSecrets>} */
export async function deriveSecrets(s, th) {
  const [kMsg, next] = await Promise.all([kdf(s, Z32, concat(LABEL.msg, th), 32), kdf(s, Z32, concat(LABEL.next, th), 32)]);
  return { kMsg, next, kConf: await confirmKey(kMsg, th) };
}

/** K_conf @param {Uint8Array} kMsg @param {Uint8Array} th @returns {Promise<Uint8Array>} */
export function confirmKey(kMsg, th) {
  return kdf(kMsg, Z32, concat(LABEL.conf, th), 32);
}

/**
 * confirm = MAC(K_conf, LBL "confirm" || TH_e || H(hwraps))
 * @param {Uint8Array} kConf @param {Uint8Array} th @param {Uint8Array} hwrapsHash
 * @returns {Promise<Uint8Array>}
 */
export function confirmTag(kConf, th, hwrapsHash) {
  return mac(kConf, LABEL.confirm, th, hwrapsHash);
}

/**
 * Step 9, also for a K_msg out of an archive.
 * @param {Uint8Array} kMsg @param {{th: Uint8Array, hwrapsHash: Uint8Array, confirm: Uint8Array}} record
 * @throws BAD_CONFIRM
 */
export async function checkConfirm(kMsg, { th, hwrapsHash, confirm }) {
  const kConf = await confirmKey(kMsg, th);
  check(equal(await confirmTag(kConf, th, hwrapsHash), confirm), "BAD_CONFIRM");
}

/**
 * CK_0(uid, did) = KDF(K_msg, Z32, LBL "chain" || uid || did, 32)
 * @param {Uint8Array} kMsg @param {Uint8Array} uid @param {Uint8Array} did
 * @returns {Promise<Uint8Array>}
 */
export function firstChainKey(kMsg, uid, did) {
  return kdf(kMsg, Z32, concat(LABEL.chain, uid, did), 32);
}

/**
 * CK_0 of every member, by the hex of its did.
 * @param {Uint8Array} kMsg @param {{uid: Uint8Array, did: Uint8Array}[]} members
 * @returns {Promise<Object<string, Uint8Array>>}
 */
export async function firstChainKeys(kMsg, members) {
  const pairs = members.map(async ({ uid, did }) => [hex(did), await firstChainKey(kMsg, uid, did)]);
  return Object.fromEntries(await Promise.all(pairs));
}

async function wrapKeys(z, info) {
  const okm = await kdf(z, Z32, info, 44);
  return { key: okm.slice(0, 32), nonce: okm.slice(32) };
}
