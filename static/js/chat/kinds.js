/** What a message is: these kinds are bubbles of their own; the others are lines, or change what is there. */

const BUBBLES = new Set(["text", "file"]);

/** @param {string} kind of a content, an entry or a row @returns {boolean} */
export function isBubble(kind) {
  return BUBBLES.has(kind);
}
