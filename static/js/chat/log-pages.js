/** What the log has grown by, page after page (protocol.md, section 4): the first one tells how long pages are, the others come side by side. */

import { check } from "../crypto/errors.js";

const LEAVES_AT_ONCE_MAX = 2 ** 20;
const PAGES_AT_ONCE = 4; // a new browser of a large server waits for a line, and not for each of its answers

/** @typedef {{size: number, head: Uint8Array, sig: Uint8Array, logPub: Uint8Array, leaves: import("../lib/vecs.js").Vecs}} LogPage size: of the head */

/**
 * All leaves from an index on. Pages belong together when they end at the size of the head that came with the last one.
 * @param {{log: (from: number) => Promise<LogPage>}} api @param {number} from
 * @returns {Promise<LogPage & {leaves: import("../lib/vecs.js").Vecs[]}>} the last page, with the leaves of all @throws LOG_SPLIT_VIEW
 */
export async function fetchLeaves(api, from) {
  const leaves = [];
  let next = from;
  let pages = [await api.log(from)];
  const each = countOf(pages[0]);
  for (;;) {
    const whole = takenOf(pages, each);
    const last = whole.at(-1);
    whole.forEach((page) => leaves.push(page.leaves));
    next += whole.reduce((count, page) => count + countOf(page), 0);
    check(next - from <= LEAVES_AT_ONCE_MAX, "LOG_SPLIT_VIEW", "without an end");
    if (next >= last.size || countOf(last) === 0) return { ...last, leaves };
    const count = Math.min(PAGES_AT_ONCE, Math.ceil((last.size - next) / each));
    const begin = next;
    pages = await Promise.all(Array.from({ length: count }, (_, i) => api.log(begin + i * each)));
  }
}

// What stands behind a page of another length does not follow on it, and is asked for again.
function takenOf(pages, each) {
  const odd = pages.findIndex((page) => countOf(page) !== each);
  return odd < 0 ? pages : pages.slice(0, odd + 1);
}

function countOf({ leaves }) {
  return leaves.starts.length;
}
