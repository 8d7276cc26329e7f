/** Reading old epochs with the history key: the vault is open, there is no live state (protocol.md, section 6). */

import { equal } from "../lib/bytes.js";
import {
  bundleDeviceOf, checkConversation, checkLogRoot, checkMembers, checkOrder, checkPublicKeys, checkReferences, checkSender, checkSuite,
} from "./epoch-check.js";
import { historyUidsOf, parseRecord } from "./epoch-core.js";
import { checkConfirm, historyInfo, historySecretOfReader, openWrap } from "./epoch-keys.js";
import { follow, keysOf } from "./epoch-state.js";
import { ProtocolError, check } from "./errors.js";
import { x25519Public } from "./primitives.js";

/**
 * Steps 1 to 3, 5 to 7, 9 and 10.
 * @param {Uint8Array} bytes @param {object} state ConversationState of the reader: only epoch, th and records move on
 * @param {{device: {uid: Uint8Array, did: Uint8Array}, bundles: object[], log: object, historySeeds: Uint8Array[]}} context
 *   historySeeds: HK of every generation held
 * @returns {Promise<{state: object, epochKeys: object, core: object}>} next is null @throws NOT_A_MEMBER: no hwrap for these keys, LOG_SPLIT_VIEW
 */
export async function readHistory(bytes, state, context) {
  const record = await parseRecord(bytes);
  const { core } = record;
  checkSuite(core);
  checkConversation(core, state);
  checkOrder(record, state);
  const referenced = checkReferences(core, context);
  checkMembers(core, referenced);
  checkSender(record, context.device, null);
  checkPublicKeys(core);
  const kMsg = await openHistoryWrap(record, referenced, context);
  await checkConfirm(kMsg, record);
  await checkLogRoot(core, context.log);
  return { state: follow(state, record), epochKeys: await keysOf(record, kMsg, null), core };
}

/**
 * K_msg out of the own hwrap, for a record already judged.
 * @param {object} record EpochRecord @param {object[]} referenced its Bundles
 * @param {{device: {uid: Uint8Array}, historySeeds: Uint8Array[]}} reader
 * @returns {Promise<Uint8Array>} @throws NOT_A_MEMBER, BAD_TAG
 */
export async function openHistoryWrap({ core, th, hwraps }, referenced, { device, historySeeds }) {
  const place = historyUidsOf(core).findIndex((uid) => equal(uid, device.uid));
  check(place >= 0, "NOT_A_MEMBER");
  const { uid, historyPub: hkPub } = referenced.find((bundle) => equal(bundle.uid, device.uid));
  const hkSeed = await seedOf(historySeeds, hkPub);
  const senderDkPub = bundleDeviceOf(referenced, { uid: core.sUid, did: core.sDid }).dkPub;
  const z = await historySecretOfReader(hkSeed, { senderDkPub, ePub: core.ePub });
  return openWrap(z, historyInfo({ th, uid, hkPub, senderDkPub, ePub: core.ePub }), hwraps[place]);
}

async function seedOf(seeds, pub) {
  for (const seed of seeds) if (equal(await x25519Public(seed), pub)) return seed;
  throw new ProtocolError("NOT_A_MEMBER", "history key of another generation");
}
