/** The browsers of this person: which there are, what they are called here, and how one is taken off the account. */

import { equal, hex } from "../lib/bytes.js";
import { generateEd25519, generateX25519 } from "../crypto/primitives.js";
import { ChatError } from "./codes.js";
import { changeOwnBundle } from "./own-bundle.js";

const NAMES = "browser-names"; // ring object: did -> name; it never leaves this browser
const KNOWN = "browsers-known"; // ring object: dids that the person need not be told of
const NAME_MAX = 40;

/** @typedef {{did: string, label: string, kind: string, addedAt: number, isThis: boolean}} OwnBrowser label: empty when it has none here; kind: as it told the server, such as "Firefox, Linux", or empty */

/** @param {object} open Unlocked @returns {Promise<OwnBrowser[]>} this one first, then the newest */
export async function ownBrowsers({ api, bundles, me, did, ring }) {
  const names = await namesOf(ring);
  const { devices } = await bundles.current(me.uid);
  const kinds = await api.browserKinds().catch(() => new Map()); // a hint of the server, no more
  const browsers = devices.map((device) => ({
    did: hex(device.did), label: names.get(hex(device.did)) ?? "", kind: kinds.get(hex(device.did)) ?? "", addedAt: device.addedMs, isThis: hex(device.did) === did,
  }));
  return browsers.sort((a, b) => b.isThis - a.isThis || b.addedAt - a.addedAt);
}

/** Browsers that came while this one was on the account, and that nobody here has answered for (attack A23). @param {object} open Unlocked @returns {Promise<OwnBrowser[]>} */
export async function newBrowsers(open) {
  const known = await open.ring.get(KNOWN);
  const devices = open.bundles.last(open.me.uid)?.devices ?? [];
  const dids = devices.map((device) => hex(device.did));
  if (!known) await knowBrowsers(open, { dids });
  if (!known || dids.every((did) => known.includes(did))) return [];
  return (await ownBrowsers(open)).filter((browser) => !browser.isThis && !known.includes(browser.did));
}

/** The person knows these, and no other that came since. @param {object} open Unlocked @param {{dids: string[]}} wish */
export async function knowBrowsers({ ring }, { dids }) {
  const known = (await ring.get(KNOWN)) ?? [];
  await ring.commit({ ring: [{ name: KNOWN, value: [...new Set([...known, ...dids])] }] });
}

/** @param {object} open Unlocked @param {{did: string, label: string}} wish an empty label: no name */
export async function nameBrowser({ ring }, { did, label }) {
  const names = await namesOf(ring);
  const name = [...label.trim()].slice(0, NAME_MAX).join("");
  if (name) names.set(did, name);
  else names.delete(did);
  await ring.commit({ ring: [{ name: NAMES, value: names }] });
}

/**
 * Takes another browser off the account; the history gets new keys, the old ones stay in the vault.
 * @param {object} open Unlocked @param {{did: string, passphrase: string}} wish @throws WRONG_PASSPHRASE, NOT_FOUND, LOG_SELF_FORGED
 */
export function removeBrowser(open, { did, passphrase }) {
  return changeOwnBundle(open, passphrase, async (last, { history }) => {
    const devices = last.devices.filter((device) => hex(device.did) !== did);
    if (did === open.did || devices.length === last.devices.length) throw new ChatError("NOT_FOUND");
    return withNewHistory(last, history, { devices });
  });
}

/**
 * Somebody else may have the key file: new root and history keys, signed with the old root; only this browser stays on the account.
 * @param {object} open Unlocked @param {{passphrase: string}} wish @throws WRONG_PASSPHRASE, LOG_SELF_FORGED
 */
export function renewRoot(open, { passphrase }) {
  return changeOwnBundle(open, passphrase, async (last, { history }) => {
    const root = await generateEd25519();
    const devices = last.devices.filter(({ did }) => hex(did) === open.did);
    return { ...(await withNewHistory(last, history, { devices, rootPub: root.pub })), rootSeed: root.seed };
  });
}

/** @param {{bundles: object, me: object, device: object}} open @returns {boolean} a bundle listed this browser, and the newest one does not */
export function isRemovedHere({ bundles, me, device }) {
  const lists = ({ devices }) => devices.some(({ did }) => equal(did, device.own.did));
  const chain = bundles.known([me.uid]);
  return chain.some(lists) && !lists(chain.at(-1));
}

async function withNewHistory(last, history, fields) {
  const fresh = await generateX25519();
  const hkGen = last.hkGen + 1;
  return { fields: { ...fields, historyPub: fresh.pub, hkGen }, history: [...history, { gen: hkGen, seed: fresh.seed }] };
}

async function namesOf(ring) {
  return (await ring.get(NAMES)) ?? new Map();
}
