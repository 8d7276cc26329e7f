/** The closed list of errors (protocol.md, section 13): the only place that names them all. */

import { Reader } from "../lib/bytes.js";

const LISTED = {
  // R: refuse the object, count it, show it in the details view
  R: `BAD_VERSION BAD_SUITE BAD_ENCODING BAD_KEY BAD_SIG BAD_TAG BAD_COMMIT BAD_PADDING BAD_CONTENT WRONG_CONVERSATION
      SENDER_MISMATCH DEVICE_NOT_IN_EPOCH NO_EPOCH_KEY COUNTER_TOO_FAR DUPLICATE ACTION_NOT_OWNER ACTION_UNKNOWN_TARGET
      FILE_HASH_MISMATCH FILE_TRUNCATED FILE_TOO_LARGE PREKEY_EXPIRED PREKEY_UNKNOWN LEAF_MISMATCH`,
  // W: a line or a banner in the chat
  W: `BAD_CONFIRM EPOCH_GAP COUNTER_GAP MESSAGES_WITHHELD COUNTER_REUSE MODE_CHANGED DEVICE_ADDED DEVICE_REMOVED NAME_REBOUND
      NOT_A_MEMBER LOG_STALE CLOCK_SKEW SEQ_GAP KEYFILE_STALE LOG_KEY_ROTATED`,
  // B: block sending until the user decided
  B: `ROOT_ROTATED ROOT_RESET RESTART_SUSPECT EPOCH_FORK EPOCH_ROLLBACK BUNDLE_NOT_IN_LOG BUNDLE_CHAIN_BROKEN STALE_BUNDLE
      LOG_BAD_HEAD LOG_ROLLBACK LOG_SPLIT_VIEW LOG_SELF_FORGED SELF_FORGED STATE_ROLLBACK STORAGE_LOST SEQ_REWRITE
      CODE_UNTRUSTED`,
  // K: said in the key-file dialog
  K: `KEYFILE_BAD_FORMAT KEYFILE_KDF_REFUSED KEYFILE_WRONG_PASSPHRASE KEYFILE_DAMAGED KEYFILE_WRONG_ACCOUNT`,
};

/** @type {Map<string, "R"|"W"|"B"|"K">} every code with its class */
export const ERROR_CLASSES = new Map(
  Object.entries(LISTED).flatMap(([group, codes]) => codes.split(/\s+/).map((code) => [code, group])),
);

/** A refusal of section 13. Its text is the code alone: never a byte of a key or of content. */
export class ProtocolError extends Error {
  /** @param {string} code @param {string} [detail] for the details view: a fixed phrase, no data */
  constructor(code, detail) {
    if (!ERROR_CLASSES.has(code)) throw new TypeError(`not an error of the protocol: ${code}`);
    super(code);
    this.name = "ProtocolError";
    this.code = code;
    this.detail = detail;
  }

  /** @returns {"R"|"W"|"B"|"K"} what the user sees of it */
  get class() {
    return ERROR_CLASSES.get(this.code);
  }
}

/** Refuses with `code` unless `condition` holds. @param {boolean} condition @param {string} code @param {string} [detail] */
export function check(condition, code, detail) {
  if (!condition) throw new ProtocolError(code, detail);
}

/**
 * Reads all of `bytes`; whatever lib/bytes.js finds wrong in them becomes `code`.
 * @template T
 * @param {Uint8Array} bytes @param {(reader: Reader) => T} read @param {string} [code] @returns {T}
 */
export function parse(bytes, read, code = "BAD_ENCODING") {
  return mapRangeError(code, () => {
    const reader = new Reader(bytes);
    const value = read(reader);
    reader.end();
    return value;
  });
}

/** @template T @param {string} code @param {() => T} work @returns {T} */
export function mapRangeError(code, work) {
  try {
    return work();
  } catch (error) {
    throw error instanceof RangeError ? new ProtocolError(code) : error;
  }
}
