/**
 * What came before the message that it is about: an action is kept for seven days, a reply knows what it waits for. Kept by the tag of
 * the target, each sealed on its own (protocol.md, section 8, ACTION_UNKNOWN_TARGET).
 */

const KEPT_MS = 7 * 86_400_000;
const TARGETS_MAX = 200; // of one chat; the oldest go
const FOR_ONE_MAX = 20;

/**
 * @typedef {object} Waiting
 * @property {import("./actions.js").Action} [action] @property {number|null} [line] place of the line that tells of it
 * @property {number} [reply] place of a message that answers it @property {object} event {seq, at, uid, did}
 */

/** @param {object} draft @param {string} tag of the target @param {Waiting} one @param {{ring: object, clock: object}} parts */
export async function wait(draft, tag, one, parts) {
  const others = await waitingFor(draft, tag, parts);
  if (others.length >= FOR_ONE_MAX) return;
  const until = parts.clock.now() + keptMs(draft.chat, one);
  const waiting = [...draft.chat.waiting.filter((known) => known.tag !== tag), { tag, until }];
  waiting.slice(0, -TARGETS_MAX).forEach((old) => draft.ring.push({ name: nameOf(draft, old.tag) }));
  draft.ring.push({ name: nameOf(draft, tag), value: [...others, { ...one, until }] });
  draft.set({ waiting: waiting.slice(-TARGETS_MAX) });
}

/** The target is here: nothing waits for it any more. @param {object} draft @param {string} tag @param {{ring: object, clock: object}} parts @returns {Promise<Waiting[]>} in the order in which they came */
export async function come(draft, tag, parts) {
  const found = await waitingFor(draft, tag, parts);
  if (found.length) forget(draft, (known) => known.tag === tag);
  return found;
}

/** @param {object} draft @param {{clock: object}} parts */
export function forgetOverdue(draft, { clock }) {
  const nowMs = clock.now();
  if (draft.chat.waiting.some(({ until }) => until < nowMs)) forget(draft, ({ until }) => until < nowMs);
}

// Not longer than what it says would be shown.
function keptMs({ timers }, { action }) {
  const timerS = timers.get(action?.epoch);
  return timerS ? Math.min(KEPT_MS, timerS * 1000) : KEPT_MS;
}

async function waitingFor(draft, tag, { ring, clock }) {
  if (!draft.chat.waiting.some((known) => known.tag === tag)) return [];
  const name = nameOf(draft, tag);
  const change = draft.ring.findLast((one) => one.name === name);
  const found = (change ? change.value : await ring.get(name)) ?? [];
  return found.filter(({ until }) => until >= clock.now());
}

function forget(draft, isGone) {
  draft.chat.waiting.filter(isGone).forEach(({ tag }) => draft.ring.push({ name: nameOf(draft, tag) }));
  draft.set({ waiting: draft.chat.waiting.filter((one) => !isGone(one)) });
}

function nameOf({ chat }, tag) {
  return `wait:${chat.cid}:${tag}`;
}
