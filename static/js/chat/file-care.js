/** When the person showed and saved the key file, and when they are asked for it again. */

import { equal } from "../lib/bytes.js";
import { checkHistory } from "../crypto/keyfile-payload.js";
import { openOwnVault, sealAccount } from "./key-files.js";
import { vaultChange } from "../store/vault.js";

const CARE = "file-care";
const DAY_MS = 86_400_000;
const ASKED_AFTER_DAYS = [7, 30, 90]; // and every 90 days from then on
const LATER_DAYS = 3;

/**
 * @typedef {object} FileCare kept in the ring
 * @property {number|null} provedAt @property {number|null} savedAt @property {number} gen newest HK of the last file that was saved or shown
 * @property {number} vaultGen newest HK of the vault @property {number} round how often it was shown in a row
 * @property {number} askAt when it is asked for again @property {number} quietUntil nothing is asked before
 */

/** @param {object} open Unlocked @returns {Promise<{provedAt: number|null, savedAt: number|null, due: "check"|"renew"|null}>} */
export async function keyFileState({ ring, bundles, me, clock }) {
  const { provedAt, savedAt, gen, askAt, quietUntil } = await careOf(ring);
  const nowMs = clock.now();
  const isOld = gen < (bundles.last(me.uid)?.hkGen ?? 0);
  const asked = isOld ? "renew" : nowMs >= askAt ? "check" : null;
  return { provedAt, savedAt, due: nowMs >= quietUntil ? asked : null };
}

/** Not now. @param {object} open Unlocked */
export function remindLater({ ring, clock }) {
  return change(ring, { quietUntil: clock.now() + LATER_DAYS * DAY_MS });
}

/** A file with the present keys went out. @param {object} open Unlocked @param {number} gen its newest HK */
export function fileSaved({ ring, clock }, gen) {
  return change(ring, { savedAt: clock.now(), gen, vaultGen: gen, round: 0, askAt: clock.now() + ASKED_AFTER_DAYS[0] * DAY_MS });
}

/** The person has it, and it opens. @param {object} open Unlocked @param {number} gen its newest HK */
export async function fileShown({ ring, clock }, gen) {
  const care = await careOf(ring);
  const days = ASKED_AFTER_DAYS[Math.min(care.round, ASKED_AFTER_DAYS.length - 1)];
  await change(ring, { provedAt: clock.now(), gen, vaultGen: Math.max(gen, care.vaultGen), round: care.round + 1, askAt: clock.now() + days * DAY_MS });
}

/** The keys in the vault, or their passphrase, are not those of the last file any more: a new file is due. @param {object} open Unlocked */
export function fileOutdated({ ring }) {
  return change(ring, { gen: 0, round: 0, quietUntil: 0 });
}

/**
 * Another browser gave the history new keys: the file saved there brings them here.
 * @param {object} open Unlocked @param {object} account AccountPayload of the file @param {string} passphrase @throws KEYFILE_DAMAGED, KEYFILE_OTHER_PASSPHRASE
 */
export async function takeHistoryKeys(open, account, passphrase) {
  const { db, ring, bundles, me } = open;
  const newest = newestGen(account);
  if (newest <= (await careOf(ring)).vaultGen) return;
  const vault = await openOwnVault(db, passphrase);
  const isHere = ({ gen, seed }) => vault.history.some((one) => one.gen === gen && equal(one.seed, seed));
  if (account.history.every(isHere)) return;
  await open.catchUp(); // the file may know more of the account than this browser
  await checkHistory(account, bundles.known([me.uid]));
  const history = mergedHistory(vault, account);
  const { bundleVersion, bundleHash } = account;
  await ring.commit({ clear: [vaultChange(await sealAccount({ ...vault, history, bundleVersion, bundleHash }, passphrase))] });
}

/** Every HK of both. @param {{history: object[]}} vault @param {{history: object[]}} account @returns {{gen: number, seed: Uint8Array}[]} ascending */
export function mergedHistory(vault, account) {
  return [...new Map([...vault.history, ...account.history].map((one) => [one.gen, one])).values()].sort((a, b) => a.gen - b.gen);
}

/** @param {{history: {gen: number}[]}} account @returns {number} */
export function newestGen({ history }) {
  return history.reduce((newest, { gen }) => Math.max(newest, gen), 0);
}

async function careOf(ring) {
  return (await ring.get(CARE)) ?? { provedAt: null, savedAt: null, gen: 0, vaultGen: 0, round: 0, askAt: 0, quietUntil: 0 };
}

async function change(ring, fields) {
  await ring.commit({ ring: [{ name: CARE, value: { ...(await careOf(ring)), ...fields } }] });
}
