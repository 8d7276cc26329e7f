/** The timer of a chat: what a person may choose, and what an epoch of it keeps (protocol.md, sections 6 and 7, mode 1). */

import { chainKey } from "../crypto/envelope.js";
import { startChain } from "../crypto/chain.js";
import { MODE_EPHEMERAL, MODE_HISTORY } from "../crypto/labels.js";
import { ChatError } from "./codes.js";

export const TIMER_MIN_S = 3_600;
export const TIMER_MAX_S = 28 * 86_400;
const EPOCHS_REMEMBERED = 8;

/** @param {object} open Unlocked @param {{cid: string, timerS: number}} wish 0: messages stay @throws BAD_REQUEST, the code of a block */
export async function setTimer({ chats, locks, sending, events }, { cid, timerS }) {
  if (timerS !== 0 && !(Number.isInteger(timerS) && timerS >= TIMER_MIN_S && timerS <= TIMER_MAX_S)) throw new ChatError("BAD_REQUEST");
  const { blocked } = chats.get(cid);
  if (blocked) throw new ChatError(blocked.code);
  await locks.with(cid, () => {
    const chat = chats.get(cid);
    return chats.commit({ ...chat, timerWish: timerS === timerOf(chat) ? null : timerS });
  });
  events.emit("conversation", { cid });
  sending.upkeepIn(cid, 0);
}

/** @param {object} chat @returns {boolean} the person chose another timer than the present epoch has */
export function wantsTimer(chat) {
  return chat.timerWish !== null && chat.timerWish !== timerOf(chat);
}

/** A record keeps the mode that the two have: only a person changes it. @param {object} chat @returns {{mode: number, timerS: number}} of the next record */
export function nextMode(chat) {
  const timerS = chat.timerWish ?? timerOf(chat);
  return { mode: timerS ? MODE_EPHEMERAL : MODE_HISTORY, timerS };
}

/** @param {object} chat @param {object} core of a record that counts @returns {object} fields of the chat */
export function afterRecord({ timers, timerWish }, { epoch, timerS }) {
  const kept = [...timers].slice(1 - EPOCHS_REMEMBERED);
  return { timers: timerS ? new Map([...kept, [epoch, timerS]]) : timers, timerWish: timerWish === timerS ? null : timerWish };
}

/**
 * Mode 1: the chain heads of all members are derived at once, and what they come from is dropped.
 * @param {object|null} epochKeys EpochKeys @returns {{keys: object|null, chains: Map<string, object>}}
 */
export function keptKeys(epochKeys) {
  if (epochKeys?.mode !== MODE_EPHEMERAL) return { keys: epochKeys, chains: new Map() };
  const chains = new Map(epochKeys.members.map((member) => [chainKey(epochKeys.epoch, member.did), startChain(epochKeys, member)]));
  return { keys: { ...epochKeys, kMsg: null, next: null, ck0: {} }, chains };
}

function timerOf({ crypto }) {
  return crypto.epoch < 0 ? 0 : crypto.timerS;
}
