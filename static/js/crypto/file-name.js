/** What of a sender's file name may reach a disk or a screen (protocol.md, section 9). */

import { FILE_NAME_MAX_CHARS } from "./labels.js";

const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u061c]/gu; // control, bidi, invisible; the joiners of emoji go with them
const EXTENSION = /\.[A-Za-z0-9]{1,10}$/;
const DEVICE = /^(?:con|prn|aux|nul|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]|conin\$|conout\$)(?:\.|$)/i; // Windows opens them whatever the extension
const NAMELESS = "file";

/**
 * No path parts, no control, bidi or NUL characters, no name of a device, at most 120 characters, true extension last.
 * @param {string} name
 * @returns {string}
 */
export function cleanFileName(name) {
  const last = name.split(/[/\\]/).at(-1);
  const clean = last.toWellFormed().replace(CONTROLS, "").replace(/[<>:"|?*]/g, "_").replace(/^[\s.]+|[\s.]+$/g, "");
  return shorten(DEVICE.test(clean) ? `_${clean}` : clean || NAMELESS);
}

/** Bidi controls are stripped from names (section 8). @param {string} text @returns {string} */
export function stripBidi(text) {
  return text.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");
}

function shorten(name) {
  const letters = [...name];
  if (letters.length <= FILE_NAME_MAX_CHARS) return name;
  const extension = EXTENSION.exec(name)?.[0] ?? "";
  return letters.slice(0, FILE_NAME_MAX_CHARS - extension.length).join("") + extension;
}
