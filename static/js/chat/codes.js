/**
 * Every code that may reach the person beside the closed list of protocol.md, section 13 (crypto/errors.js).
 * The words for all of them are in the interface.
 */

/** @type {ReadonlyMap<string, string>} code -> what happened */
export const CHAT_CODES = new Map([
  // asking for something
  ["OFFLINE", "no answer from the server; what was typed stays and goes out later"],
  ["LOGIN_REQUIRED", "the web session ended; log in again"],
  ["DEVICE_REQUIRED", "the server does not know this browser's keys; they may have been removed from the account"],
  ["BAD_ANSWER", "the server's answer is not what the contract says"],
  ["NOT_FOUND", "what was asked for does not exist, or is not this person's"],
  ["BAD_REQUEST", "the server could not take the request"],
  ["TOO_MANY", "too many requests; wait a little"],
  ["TOO_LARGE", "longer than the server takes"],
  ["UNAVAILABLE", "the server cannot do it right now"],
  // keys and passphrase
  ["WRONG_PASSPHRASE", "the passphrase does not open the keys of this browser"],
  ["PASSPHRASE_TOO_SHORT", "an own passphrase has at least 16 characters"],
  ["PASSPHRASE_TOO_PLAIN", "an own passphrase has at least 8 different characters"],
  ["WRONG_NAME", "the typed user name is not the account's"],
  ["NOT_UNLOCKED", "the keys are locked; the passphrase is needed first"],
  ["KEYS_EXIST", "the account got keys elsewhere in the meantime; bring the key file"],
  ["DEVICE_REMOVED_HERE", "this browser is no longer listed among the account's browsers"],
  ["KEYFILE_OLD_HERE", "another browser gave the history new keys; the file saved there brings them here"],
  ["KEYS_OLD_HERE", "the account has newer keys than the vault of this browser; the key file saved last brings them"],
  ["KEYFILE_OTHER_PASSPHRASE", "the file brings keys, but its passphrase is not this browser's"],
  ["TOO_MANY_DEVICES", "the account has eight browsers already"],
  // storage
  ["STORAGE_FULL", "this browser has no room left; nothing was sent"],
  ["STORAGE_FAILED", "this browser refused to store or read"],
  ["STORAGE_DAMAGED", "a stored object does not open; this browser's copy is damaged"],
  // writing
  ["NO_KEYS_YET", "the other person has made no keys yet"],
  ["WAITING_FOR_KEYS", "this browser is new in the chat and waits to be let in"],
  ["UNKNOWN_CONVERSATION", "there is no such chat here"],
  ["ALREADY_SENT", "the message is on its way and cannot be taken back"],
  ["FILES_WAITING", "so much waits in this browser to be sent that no more is taken"],
  ["QUOTA_FULL", "the account's room for files at the server is used up"],
  ["SERVER_FULL", "the server has no room for files"],
  ["BLOB_MISSING", "the server does not have the file that a message names; it is sent again by itself"],
  ["OUT_OF_TURN", "parts of a file came in another order; tried again by itself"],
  ["FILE_GONE", "the server does not have the file any more"],
  ["FILE_NOT_HERE", "the server does not have a file, and its bytes are not in this browser any more"],
  ["FILE_UNREADABLE", "the browser could not read the file that was chosen"],
  ["CANCELLED", "the person stopped it"],
  ["EMPTY_TEXT", "there is nothing to send"],
  ["TEXT_TOO_LONG", "more than 16000 characters"],
  ["EPOCH_CONFLICT", "other browsers renewed the keys at the same time; tried again by itself"],
  ["STALE_EPOCH", "the keys were renewed meanwhile; tried again by itself"],
  ["COUNTER_TAKEN", "the server knows a later message of this browser (shown as STATE_ROLLBACK)"],
  ["IDEMPOTENCY_MISMATCH", "the server has another thing under this message's number"],
  // lines in the flow
  ["SECOND_CHAT", "the server opened another chat for a pair that has one: it is used only when the person says so"],
  ["STARTED", "the chat's encryption was started"],
  ["RESTARTED", "the chat's encryption was started anew"],
  ["KEYS_NOT_RENEWED", "the server takes no new keys of this chat: a warning, and after 1000 messages under the same ones a block"],
  ["ELSEWHERE", "another tab of this browser is in charge"],
  ["UNSUPPORTED_BROWSER", "this browser lacks what the encryption needs"],
  ["UNEXPECTED", "a fault of the page itself"],
]);

/** A refusal that the chat itself makes. */
export class ChatError extends Error {
  /** @param {string} code one of CHAT_CODES or of section 13 @param {unknown} [detail] names and numbers only */
  constructor(code, detail) {
    super(code);
    this.name = "ChatError";
    this.code = code;
    this.detail = detail;
  }
}

/** Not now: the same again after a while. */
export class LaterError extends ChatError {
  /** @param {string} code @param {number} [retryAfter] seconds */
  constructor(code, retryAfter) {
    super(code);
    this.retryAfter = retryAfter;
  }
}

/** @param {any} error @returns {string} */
export function codeOf(error) {
  return typeof error?.code === "string" ? error.code : "UNEXPECTED";
}
