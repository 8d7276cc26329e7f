/** When a device proposes an epoch record, and which (protocol.md, section 6, "When to propose"). Questions only. */

import { hex } from "../lib/bytes.js";
import { NEXT, RESTART, START } from "../crypto/labels.js";
import { isOutside } from "./conversations.js";
import { wantsTimer } from "./timers.js";

const REFRESH_MESSAGES = 100;
const REFRESH_MS = 24 * 3_600_000;
const LEAF_MS = 7 * 24 * 3_600_000;
const UNREACHED_AGAIN_MS = 3_600_000; // a device without prekeys is asked for again

/**
 * Before a message: the record that must come first.
 * @param {object} chat @param {{bundles: object[], nowMs: number, mayRestart: boolean}} at bundles: current ones of both
 * @returns {number|null|"wait"} kind of record; null: write at once; "wait": a member may still take this browser in
 */
export function recordBeforeMessage(chat, { bundles, nowMs, mayRestart }) {
  if (chat.crypto.epoch < 0) return START;
  if (chat.repair) return RESTART;
  if (isOutside(chat)) return mayRestart ? RESTART : "wait";
  const isWorn = chat.ownSent >= REFRESH_MESSAGES || nowMs - chat.recordAt >= REFRESH_MS;
  return chat.settle || chat.refresh || isWorn || wantsTimer(chat) || needsChange(chat, bundles, nowMs) ? NEXT : null;
}

/** Only age asks for the record: a message may go out without it (attack A38). @param {object} chat @param {{bundles: object[], nowMs: number}} at @returns {boolean} */
export function isOnlyWorn(chat, { bundles, nowMs }) {
  if (chat.crypto.epoch < 0 || isOutside(chat)) return false;
  return !(chat.repair || chat.settle || chat.refresh || wantsTimer(chat) || needsChange(chat, bundles, nowMs));
}

/** Without a message, while online. @param {object} chat @param {{bundles: object[], nowMs: number}} at @returns {boolean} a NEXT is due */
export function isRecordDue(chat, { bundles, nowMs }) {
  if (chat.crypto.epoch < 0 || chat.blocked) return false;
  if (chat.repair) return true;
  if (isOutside(chat)) return false;
  const isOld = chat.leafAt > 0 && nowMs - chat.leafAt >= LEAF_MS;
  return chat.settle || isOld || wantsTimer(chat) || needsChange(chat, bundles, nowMs);
}

/** Reachable devices of the current bundles differ from the members. @param {object} chat @param {object[]} bundles @param {number} nowMs @returns {boolean} */
function needsChange(chat, bundles, nowMs) {
  if (bundles.some((bundle) => !bundle)) return false;
  const devices = new Set(bundles.flatMap((bundle) => bundle.devices.map(({ did }) => hex(did))));
  const members = new Set(chat.crypto.members.map(({ did }) => hex(did)));
  if ([...members].some((did) => !devices.has(did))) return true;
  return [...devices].some((did) => !members.has(did)) && !wasUnreached(chat, bundles, nowMs);
}

function wasUnreached({ unreached }, bundles, nowMs) {
  const key = [bundles[0], bundles.at(-1)].map(({ version }) => version).join(".");
  return unreached !== null && unreached.key === key && nowMs - unreached.at < UNREACHED_AGAIN_MS;
}
