/** Bundles as the server hands them out, page by page: each page is judged before the next is asked for. */

import { unhex } from "../lib/bytes.js";
import { acceptBundleChain, decodeBundle } from "../crypto/bundle.js";
import { ProtocolError, check } from "../crypto/errors.js";

const VERSIONS_MAX = 2_000; // at once: far more than anyone's browsers ever make

/** Somebody else's bundle came, signed by its own root. */
export class Rebound extends ProtocolError {
  /** @param {object} offered Bundle */
  constructor(offered) {
    super("NAME_REBOUND");
    this.offered = offered;
  }
}

/**
 * @param {object} api @param {{uid: string, name: string, previous: object|null}} known
 * @returns {Promise<{bundles: object[], notices: string[]}>} what follows the previous one @throws the refusals of section 3; NAME_REBOUND as Rebound
 */
export async function fetchBundles(api, { uid, name, previous }) {
  const bundles = [];
  const notices = new Set();
  for (let last = previous; ; last = bundles.at(-1)) {
    const page = await api.bundles(uid, last?.version ?? 0);
    check(bundles.length + page.bundles.length <= VERSIONS_MAX, "BUNDLE_CHAIN_BROKEN", "without an end");
    const accepted = await acceptBundleChain(page.bundles, { uid: unhex(uid), name, previous: last }).catch((error) => named(error, page.bundles));
    bundles.push(...accepted.bundles);
    accepted.notices.forEach((notice) => notices.add(notice));
    if (page.bundles.length === 0 || bundles.at(-1).version >= page.current) return { bundles, notices: [...notices] };
  }
}

// The last of the page is the one that its owner goes by now.
async function named(error, pages) {
  throw error.code === "NAME_REBOUND" ? new Rebound(await decodeBundle(pages.at(-1))) : error;
}
