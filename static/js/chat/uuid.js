/** Content ids and client ids. */

import { hex } from "../lib/bytes.js";
import { randomBytes } from "../crypto/primitives.js";

/** @returns {string} UUID v4 */
export function newUuid() {
  const bytes = randomBytes(16);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const text = hex(bytes);
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join("-");
}
