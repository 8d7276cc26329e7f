/** What the log has grown by, page after page (protocol.md, section 4): the first one tells how long pages are, the others come side by side. */

import { check } from "../crypto/errors.js";

const LEAVES_AT_ONCE_MAX = 2 ** 20;
const PAGES_AT_ONCE = 4; // a new browser of a large server waits for a line, and not for each of its answers

/** @typedef {{size: number, head: Uint8Array, sig: Uint8Array, logPub: Uint8Array, leaves: Uint8Array[]}} LogPage size: of the head */

/**
 * All leaves from an index on. Pages belong together when they end at the size of the head that came with the last one.
 * @param {{log: (from: number) => Promise<LogPage>}} api @param {number} from @returns {Promise<LogPage>} the last page, with the leaves of all @throws LOG_SPLIT_VIEW
 */
export async function fetchLeaves(api, from) {
  const leaves = [];
  let pages = [await api.log(from)];
  const each = pages[0].leaves.length;
  for (;;) {
    const last = taken(pages, each, leaves);
    check(leaves.length <= LEAVES_AT_ONCE_MAX, "LOG_SPLIT_VIEW", "without an end");
    const next = from + leaves.length;
    if (next >= last.size || last.leaves.length === 0) return { ...last, leaves };
    const count = Math.min(PAGES_AT_ONCE, Math.ceil((last.size - next) / each));
    pages = await Promise.all(Array.from({ length: count }, (_, i) => api.log(next + i * each)));
  }
}

// What stands behind a page of another length does not follow on it, and is asked for again.
function taken(pages, each, leaves) {
  for (const page of pages) {
    page.leaves.forEach((leaf) => leaves.push(leaf));
    if (page.leaves.length !== each) return page;
  }
  return pages.at(-1);
}
