/** Pure readings of a message's text: where its links are, whether it is only emoji, what a name's initials are. */

const LINK = /\bhttps?:\/\/[^\s<>"'`{}|\\^\u0000-\u001f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/giu;
const TAIL = /[.,;:!?…»”’)\]]+$/u;
// Emoji by their form (UTS #51, section 1.4.9): flags, keycaps, and what is shown as one by itself, by U+FE0F or by a tone, also with tags and joined. What
// knows each sequence, \p{RGI_Emoji}, holds the page for 20 ms when it is read, and again at its first use.
const EMOJI = /^(?:\p{RI}{2}|[\d#*]\ufe0f\u20e3|(?:[\p{EPres}--\p{RI}]\ufe0f?|[\p{Emoji}--\p{EPres}--[\d#*]](?:\ufe0f|(?=\p{EMod})))(?:[\u{e0020}-\u{e007e}]+\u{e007f})?\u200d?|\s){1,40}$/v;
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const MOST_LARGE_EMOJI = 6;

/** A full stop or an unopened bracket at the end belongs to the sentence, not to the address. */
function trimmed(address) {
  const tail = TAIL.exec(address);
  if (!tail) return address;
  const opened = (address.match(/\(/g) ?? []).length;
  const closed = (address.match(/\)/g) ?? []).length;
  if (tail[0] === ")" && opened >= closed) return address;
  return address.slice(0, tail.index);
}

function safeAddress(text) {
  try {
    const url = new URL(text);
    const plain = (url.protocol === "https:" || url.protocol === "http:") && !url.username && !url.password;
    return plain ? url.href : null;
  } catch {
    return null;
  }
}

/**
 * Splits a text at its http and https addresses.
 * @param {string} text
 * @returns {{text: string, href: string|null}[]}
 */
export function pieces(text) {
  const out = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    const address = trimmed(match[0]);
    const href = safeAddress(address);
    if (!href) continue;
    if (match.index > from) out.push({ text: text.slice(from, match.index), href: null });
    out.push({ text: address, href });
    from = match.index + address.length;
  }
  if (from < text.length) out.push({ text: text.slice(from), href: null });
  return out;
}

/** @param {string} text  @returns {boolean} whether it is a few emoji and nothing else */
export function onlyEmoji(text) {
  const short = text.trim();
  if (!short || !EMOJI.test(short)) return false;
  return signsOf(short.replace(/\s/gu, "")).length <= MOST_LARGE_EMOJI;
}

/** @param {string} name  @returns {string} without marks that turn the direction of what follows */
export const cleanName = (name) => (name ?? "").replace(BIDI, "").trim();

let segmenter = null; // made once: each costs more than a row

/** @param {string} text  @returns {string[]} what one sees as one sign each */
function signsOf(text) {
  segmenter ??= new Intl.Segmenter();
  return [...segmenter.segment(text)].map(({ segment }) => segment);
}

const firstSign = (word) => signsOf(word)[0] ?? "";
const speaks = (word) => /[\p{L}\p{N}\p{Emoji_Presentation}]/u.test(word);

/** @param {string} name  @returns {string} one or two signs */
export function initials(name) {
  const words = cleanName(name).split(/[\s_.<>@#'"(){}[\]/\\=-]+/u).filter(speaks);
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words.slice(0, 1);
  return ends.map(firstSign).join("").toLocaleUpperCase();
}

const TINTS = 8;

/** The same colour for the same person in every browser. @param {string} uid hex */
export function tintOf(uid) {
  let sum = 0;
  for (const sign of uid ?? "") sum = (sum * 31 + sign.charCodeAt(0)) % 65_521;
  return `tint-${sum % TINTS}`;
}
