/** Every label and every limit of protocol.md: the only place in the page that states them. */

import { concat, u8, utf8 } from "../lib/bytes.js";

/** LBL(s) = u8(len) || "e2c/1/" || s, len counts the prefix. @param {string} s @returns {Uint8Array} */
export function LBL(s) {
  const text = utf8(`e2c/1/${s}`);
  return concat(u8(text.length), text);
}

export const LABEL = Object.freeze({
  bundle: LBL("bundle"), // section 3
  bundleSig: LBL("bundle-sig"),
  bundleRot: LBL("bundle-rot"),
  leaf: LBL("leaf"), // section 4
  idx: LBL("idx"),
  uid: LBL("uid"),
  assetLeaf: LBL("asset-leaf"),
  keyLeaf: LBL("key-leaf"),
  log: LBL("log"),
  sth: LBL("sth"),
  prekey: LBL("prekey"), // section 5
  epochRec: LBL("epoch-rec"), // section 6
  wrap: LBL("wrap"),
  join: LBL("join"),
  th: LBL("th"),
  epoch: LBL("epoch"),
  msg: LBL("msg"),
  next: LBL("next"),
  conf: LBL("conf"),
  hwrap: LBL("hwrap"),
  confirm: LBL("confirm"),
  chain: LBL("chain"), // section 7
  mk: LBL("mk"),
  mid: LBL("mid"),
  file: LBL("file"), // section 9
  fchunk: LBL("fchunk"),
  keyfile: LBL("keyfile"), // section 10
  ring: LBL("ring"),
  find: LBL("find"),
  kek: LBL("kek"),
  fp: LBL("fp"), // section 11
  session: LBL("session"),
  export: LBL("export"), // section 18
});

/** Z32 of section 1. */
export const Z32 = new Uint8Array(32);

export const SUITE = 1; // X25519, Ed25519, SHA-256, AES-256-GCM; suite 2 is reserved (section 16)
export const SUITE_BIT = 1; // bit 0 of a bundle's suites

export const ID_BYTES = 16; // uid, did, cid, mid
export const KEY_BYTES = 32;
export const HASH_BYTES = 32;
export const SIG_BYTES = 64;
export const TAG_BYTES = 16;
export const WRAP_BYTES = 48; // 32 secret bytes and a tag

export const NAME_PATTERN = /^[a-z0-9._-]{3,32}$/;
export const DEVICES_MAX = 8; // of one bundle
export const MEMBERS_MAX = 16; // of one epoch

export const PREKEY_SIGNED = 1;
export const PREKEY_ONE_TIME = 2;
export const SPK_EVERY_MS = 7 * 86_400_000;
export const SPK_LIFE_MS = 14 * 86_400_000;
export const SPK_KEEP_MS = 30 * 86_400_000; // private half, after not_after
export const OPK_POOL = 50;
export const OPK_REFILL_BELOW = 20;

export const START = 0;
export const NEXT = 1;
export const RESTART = 2;
export const MODE_HISTORY = 0;
export const MODE_EPHEMERAL = 1;

export const HEAD_AGE_MAX_MS = 86_400_000;
export const BUILD_DIGITS = 16; // hex digits of a manifest's hash: the name of a release

export const HEADER_BYTES = 99;
export const ENVELOPE_VERSION = 1;
export const ENVELOPE_KIND = 1;
export const ENVELOPE_MIN_BYTES = 403; // header 99, commit 32, padding 256, tag 16
export const ENVELOPE_MAX_BYTES = 67_731;
export const STARVED_MESSAGES = 300; // own ones under the same keys, or
export const STARVED_MS = 72 * 3_600_000; // since the last record: keys cannot be renewed
export const STARVED_LIMIT = 1_000; // own messages under the same keys; then nothing more is sealed
export const COUNTER_LIMIT = 2 ** 20;
export const SKIP_MAX = 2000; // kept message keys of one chain, and the widest gap
export const SKIP_KEEP_MS = 14 * 86_400_000;
export const CONTENT_MAX_BYTES = 65_536;
export const CONTENT_DEPTH_MAX = 6;
export const BODY_MAX_CHARS = 16_000;
export const RECEIPT_MAX = 50;
export const CLOCK_SKEW_MS = 5 * 60_000;

export const CHUNK_BYTES = 65_536;
export const BLOB_HEAD_BYTES = 64; // fsalt, commit
export const BLOB_MAX_BYTES = 104_857_600;
export const PART_BYTES = 524_288; // of one request (section 14)
export const THUMB_MAX_BYTES = 16_384;
export const FILE_NAME_MAX_CHARS = 120;
export const IMAGE_MAX_PIXELS = 40_000_000;

export const KEYFILE_MAGIC = utf8("E2CK");
export const KEYFILE_VERSION = 1;
export const KEYFILE_ACCOUNT = 1;
export const KEYFILE_CONVERSATION = 2;
export const KEYFILE_KDF = 1;
export const KEYFILE_HEADER_BYTES = 55;
export const KEYFILE_CT_MIN_BYTES = 272; // the smallest padding and a tag
export const ITERATIONS_MIN = 600_000;
export const ITERATIONS_MAX = 10_000_000;

export const EXPORT_MAGIC = utf8("E2CX");
export const EXPORT_VERSION = 1;
export const EXPORT_ITEM = Object.freeze({ end: 0, about: 1, leaf: 2, head: 3, bundle: 4, event: 5 });
export const EXPORT_RECORD = 1;
export const EXPORT_MESSAGE = 2;
