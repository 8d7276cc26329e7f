/** Keeps what one reads where it is while things are added above it or change their height. */

const NEAR_END_PX = 96;

/** @param {HTMLElement} scroll  @returns {boolean} */
export const nearEnd = (scroll) => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END_PX;

/** @param {HTMLElement} scroll */
export function toEnd(scroll) {
  scroll.scrollTop = scroll.scrollHeight;
}

/** The first row that can be seen, and how far it is from the top of the pane. */
function firstSeen(scroll, selector) {
  const top = scroll.getBoundingClientRect().top;
  for (const node of scroll.querySelectorAll(selector)) {
    const box = node.getBoundingClientRect();
    if (box.bottom > top) return { node, offset: box.top - top };
  }
  return null;
}

/**
 * Runs a change and puts the first seen row back where it was.
 * @param {HTMLElement} scroll
 * @param {string} selector of the rows that may hold the place
 * @param {() => void} change
 */
export function keepPlace(scroll, selector, change) {
  const held = firstSeen(scroll, selector);
  change();
  if (!held?.node.isConnected) return;
  const now = held.node.getBoundingClientRect().top - scroll.getBoundingClientRect().top;
  if (now !== held.offset) scroll.scrollTop += now - held.offset;
}
