/**
 * The shown things of a conversation, in their order. An event may leave several lines (a notice, the message, a notice behind it): each
 * stands at place = seq x 1024 + step, so that pages follow the sequence and never load the rest. What came late stands between two
 * whole places, before the message that showed it to be missing.
 */

const STEPS = 1024;
const MESSAGE_STEP = 512;
const PAGE_MAX = 200;

/** @param {number} seq @param {number} [nth] 0 the message, below: before it, above: behind it @returns {number} */
export function placeOf(seq, nth = 0) {
  return seq * STEPS + MESSAGE_STEP + nth;
}

/** @param {number} place @returns {number} */
export function seqOf(place) {
  return Math.floor(place / STEPS);
}

/**
 * A page, never cut inside one sequence number.
 * @param {{db: object, ring: object}} store @param {string} cid @param {{before?: number, limit?: number}} page before: a sequence number
 * @returns {Promise<{rows: object[], more: boolean}>} oldest first
 */
export async function mailPage({ db, ring }, cid, { before = Infinity, limit = 50 } = {}) {
  const wanted = Math.min(limit, PAGE_MAX);
  const end = before === Infinity ? Infinity : before * STEPS;
  const sealed = await db.mailBefore(cid, { before: end, limit: wanted });
  const last = sealed.at(-1);
  if (!last || sealed.length < wanted) return { rows: await ring.mail(sealed.reverse()), more: false };
  const from = seqOf(last.place) * STEPS;
  const same = (await db.mailBetween(cid, { from, to: last.place })).filter(({ place }) => place < last.place);
  const [older] = await db.mailBefore(cid, { before: from, limit: 1 });
  return { rows: await ring.mail([...same, ...sealed.reverse()]), more: Boolean(older) };
}

/** @param {{db: object}} store @param {string} cid @param {number} seq @returns {Promise<number>} the first free place behind the lines of seq */
export async function freePlace({ db }, cid, seq) {
  const rows = await db.mailBetween(cid, { from: placeOf(seq), to: (seq + 1) * STEPS - 1 });
  return rows.length ? rows.at(-1).place + 1 : placeOf(seq, 1);
}

/**
 * The message that a tag finds, with what is needed to write it again.
 * @param {{db: object, ring: object}} store @param {string} tag @returns {Promise<{cid: string, place: number, tags: string[], value: object}|null>}
 */
export async function mailWith(store, tag) {
  return (await mailWithEach(store, [tag])).get(tag);
}

/** @see mailWith @param {{db: object, ring: object}} store @param {string[]} tags @returns {Promise<Map<string, object|null>>} by tag */
export async function mailWithEach({ db, ring }, tags) {
  const rows = await db.mailByTags(tags);
  const found = await Promise.all(rows.map((row) => opened(ring, row)));
  return new Map(tags.map((tag, i) => [tag, found[i]]));
}

/** @param {{db: object, ring: object}} store @param {string} cid @param {number} place @returns {Promise<{cid: string, place: number, tags: string[], value: object}|null>} */
export async function mailAt({ db, ring }, cid, place) {
  return opened(ring, await db.get("mail", [cid, place]));
}

async function opened(ring, row) {
  if (!row) return null;
  const [{ place, ...value }] = await ring.mail([row]);
  return { cid: row.cid, place, tags: row.tags, value };
}
