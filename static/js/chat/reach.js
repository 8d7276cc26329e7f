/** Which browsers of the two the present keys of a chat do not reach: they read what comes once a record takes them in (attacks A12, A33). */

import { hex } from "../lib/bytes.js";
import { isOutside } from "./conversations.js";

/**
 * @param {{bundles: object, me: {uid: string}, did: string}} open @param {object} chat
 * @returns {{did: string, mine: boolean, isThis: boolean, addedAt: number}[]} empty while a record for them is only due
 */
export function notReached({ bundles, me, did }, chat) {
  if (chat.crypto.epoch < 0 || (chat.unreached === null && !isOutside(chat))) return [];
  const members = new Set(chat.crypto.members.map((member) => hex(member.did)));
  const devices = [...new Set(chat.uids)].flatMap((uid) => (bundles.last(uid)?.devices ?? []).map((device) => ({ uid, device })));
  const left = devices.map(({ uid, device }) => ({ did: hex(device.did), mine: uid === me.uid, isThis: hex(device.did) === did, addedAt: device.addedMs }));
  return left.filter((one) => !members.has(one.did) || (one.isThis && isOutside(chat)));
}
