/** Shorter names for what many scenarios take from the product. */

export { acceptBundle, decodeBundle, encodeBundleCore, signBundle } from "/static/js/crypto/bundle.js";
export { appendLeaves, emptyLog, encodeHead, encodeLeaf, logId, logRoot, signHead } from "/static/js/crypto/log.js";
export { signKeyLeaf } from "/static/js/crypto/log-key.js";
export { generateEd25519, generateX25519, randomBytes, sha256, sign } from "/static/js/crypto/primitives.js";
export { compare, concat, equal, fromBase64Url, hex, toBase64Url, u32, unhex, utf8, vec } from "/static/js/lib/bytes.js";
