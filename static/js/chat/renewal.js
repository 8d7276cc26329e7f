/**
 * An older copy of this browser must not use its keys again: it gets a new id and new keys through the vault, the old id leaves the
 * account, and what waits to be sent is sealed anew (protocol.md, sections 7 and 10, STATE_ROLLBACK).
 */

import { equal, hex } from "../lib/bytes.js";
import { signBundle } from "../crypto/bundle.js";
import { ed25519Public } from "../crypto/primitives.js";
import { cardChange } from "../store/vault.js";
import { isSilent } from "./acks.js";
import { ChatError, codeOf } from "./codes.js";
import { chatChange } from "./conversations.js";
import { deviceChange, droppedPrekeys, firstPrekeys, makeDevice, prekeyChanges, signedPrekeys } from "./device-keys.js";
import { fetchChain, isPublished } from "./keys-setup.js";

const RENEWAL = "renewal"; // ring object {device, own, bundle, prekeys}: made, perhaps published, not in use yet
const TRIES = 3; // another browser may publish at the same time

/** @typedef {{api: object, db: object, me: object, clock: object, card: object, ring: object}} RenewalParts the chat is closed, the ring open */

/** @param {RenewalParts} parts @param {object} account AccountPayload of the vault @returns {Promise<object>} card @throws KEYS_OLD_HERE */
export async function renewDevice(parts, account) {
  for (let left = TRIES; ; left -= 1) {
    const renewal = (await parts.ring.get(RENEWAL)) ?? (await makeRenewal(parts, account));
    try {
      return await finish(parts, renewal);
    } catch (error) {
      if (codeOf(error) !== "STALE_BUNDLE" || left === 0) throw error;
      await parts.ring.commit({ ring: [{ name: RENEWAL }] }); // another version came first: nobody has seen these keys
    }
  }
}

/** What was begun before a crash or without a network. @param {RenewalParts} parts @returns {Promise<object>} card */
export async function resumeRenewal(parts) {
  const renewal = await parts.ring.get(RENEWAL);
  try {
    return renewal ? await finish(parts, renewal) : parts.card;
  } catch (error) {
    if (!["OFFLINE", "STALE_BUNDLE"].includes(codeOf(error))) throw error;
    return parts.card; // the person asks again
  }
}

// Kept before it is public.
async function makeRenewal({ api, me, clock, card, ring }, { rootSeed }) {
  const last = (await fetchChain(api, me)).at(-1);
  if (!last || !equal(last.rootPub, await ed25519Public(rootSeed))) throw new ChatError("KEYS_OLD_HERE");
  const device = await makeDevice(clock.now(), last.rootPub);
  const own = await firstPrekeys(clock.now());
  const { did, dsPub, dkPub, addedMs } = device;
  const devices = [...last.devices.filter((one) => hex(one.did) !== card.did), { did, dsPub, dkPub, addedMs }];
  const fields = { ...last, version: last.version + 1, prevHash: last.hash, issuedMs: clock.now(), devices };
  const bundle = await signBundle(fields, rootSeed);
  const renewal = { device, own, bundle: bundle.bytes, prekeys: await signedPrekeys(me.uid, device, own) };
  await ring.commit({ ring: [{ name: RENEWAL, value: renewal }] });
  return renewal;
}

async function finish(parts, renewal) {
  const { api, me } = parts;
  try {
    await api.publish(renewal);
  } catch (error) {
    if (codeOf(error) !== "STALE_BUNDLE" || !(await isPublished(api, me, renewal.bundle))) throw error;
  }
  return adopt(parts, renewal);
}

// One transaction: from here on the browser is the new one.
async function adopt({ card, ring }, { device, own }) {
  const next = { ...card, did: hex(device.did), ringDid: card.ringDid ?? card.did };
  const old = [{ name: RENEWAL }, ...(await droppedPrekeys(ring)), ...(await withPrefix(ring, "pending:", () => undefined))];
  const chats = (await ring.withPrefix("conv:")).map(([, chat]) => chatChange(asNewcomer(chat)));
  const waiting = await withPrefix(ring, "out:", (entry) => (isSilent(entry.kind) ? undefined : { ...entry, sealed: null }));
  const fresh = [deviceChange(device), ...prekeyChanges(own)];
  await ring.commit({ ring: [...old, ...chats, ...waiting, ...fresh], clear: [cardChange(next)] });
  return next;
}

async function withPrefix(ring, prefix, change) {
  return (await ring.withPrefix(prefix)).map(([name, value]) => ({ name, value: change(value) }));
}

// It reads on with the keys of the present epoch, and waits to be let into the next one.
function asNewcomer(chat) {
  const crypto = { ...chat.crypto, next: null, leafs: null, leafSeed: null };
  const blocked = chat.blocked?.code === "STATE_ROLLBACK" ? null : chat.blocked;
  return { ...chat, crypto, blocked, settle: false, refresh: false, repair: false, leafAt: 0, ownAccepted: 0, unreached: null };
}
