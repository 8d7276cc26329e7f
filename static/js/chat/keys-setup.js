/** The first keys of an account, or new ones after a lost key file: make, protect, publish (protocol.md, sections 2 and 3). */

import { equal, unhex } from "../lib/bytes.js";
import { signBundle } from "../crypto/bundle.js";
import { SUITE_BIT, Z32 } from "../crypto/labels.js";
import { generateEd25519, generateX25519 } from "../crypto/primitives.js";
import { cardChange, vaultChange } from "../store/vault.js";
import { newCard, ringOf } from "./browser-ring.js";
import { fetchBundles } from "./bundle-pages.js";
import { ChatError } from "./codes.js";
import { deviceChange, firstPrekeys, makeDevice, prekeyChanges, signedPrekeys } from "./device-keys.js";
import { makeVault } from "./key-files.js";

const UNPUBLISHED = "unpublished"; // ring object: {bundle, prekeys}, until the server has them

/** @typedef {{api: object, db: object, me: {uid: string, name: string}, origin: string, clock: object}} SetupParts */

/**
 * @param {SetupParts} parts @param {{passphrase: string, onStep: (step: string) => void, previous: object|null}} wish previous: the last own Bundle, when the root is new
 * @returns {Promise<{card: object, open: object}>} stored, not published yet
 */
export async function makeAndProtect(parts, { passphrase, onStep, previous }) {
  onStep("make");
  const nowMs = parts.clock.now();
  const [root, history] = await Promise.all([generateEd25519(), generateX25519()]);
  const device = await makeDevice(nowMs, root.pub);
  const own = await firstPrekeys(nowMs);
  const bundle = await signBundle(firstFields(parts.me, { root, history, device, previous, nowMs }), root.seed);
  onStep("protect");
  const vault = await makeVault({ ...parts, rootSeed: root.seed, historySeed: history.seed, bundle, madeMs: nowMs }, passphrase);
  return protect(parts, { passphrase, device, own, vault, bundle, then: "prove" });
}

/** A browser's keys into a fresh database, in one transaction. @param {SetupParts} parts @param {object} made @returns {Promise<{card: object, open: object}>} */
export async function protect({ db, me }, { passphrase, device, own, vault, bundle, then }) {
  await db.clear();
  const card = newCard(me, device.did, then);
  const open = await ringOf(db, card, passphrase);
  const waiting = { bundle: bundle.bytes, prekeys: await signedPrekeys(me.uid, device, own) };
  await open.ring.commit({
    ring: [deviceChange(device), ...prekeyChanges(own), { name: UNPUBLISHED, value: waiting }],
    clear: [cardChange(card), vaultChange(vault)],
  });
  return { card, open };
}

/** Publishing again what may have been published already is no fault. @param {SetupParts} parts @param {{card: object, open: object}} kept @throws KEYS_EXIST */
export async function publish({ api, me }, { open }) {
  const waiting = await open.ring.get(UNPUBLISHED);
  if (!waiting) return;
  try {
    await api.publish(waiting);
  } catch (error) {
    if (error.code !== "STALE_BUNDLE" || !(await isPublished(api, me, waiting.bundle))) throw renamed(error);
  }
}

/** The new stage, and nothing waits for publishing any more. @param {object} open @param {object} card @param {string} stage @returns {Promise<object>} card */
export async function enterStage({ ring }, card, stage) {
  const next = { ...card, stage };
  await ring.commit({ ring: [{ name: UNPUBLISHED }], clear: [cardChange(next)] });
  return next;
}

/** The whole verified chain of an account. @param {object} api @param {{uid: string, name: string}} who @returns {Promise<object[]>} Bundles */
export async function fetchChain(api, { uid, name }) {
  return (await fetchBundles(api, { uid, name, previous: null })).bundles;
}

function firstFields({ uid, name }, { root, history, device, previous, nowMs }) {
  const { did, dsPub, dkPub, addedMs } = device;
  return {
    suites: SUITE_BIT, uid: unhex(uid), name, version: (previous?.version ?? 0) + 1, prevHash: previous?.hash ?? Z32, rootPub: root.pub,
    historyPub: history.pub, hkGen: (previous?.hkGen ?? 0) + 1, issuedMs: nowMs, devices: [{ did, dsPub, dkPub, addedMs }],
  };
}

/** @param {object} api @param {object} me @param {Uint8Array} bundle @returns {Promise<boolean>} */
export async function isPublished(api, me, bundle) {
  const chain = await fetchChain(api, me);
  return chain.some(({ bytes }) => equal(bytes, bundle));
}

function renamed(error) {
  return error.code === "STALE_BUNDLE" ? new ChatError("KEYS_EXIST") : error;
}
