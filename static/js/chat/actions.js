/**
 * What an edit, a delete or a reaction makes of the message it is about (protocol.md, section 8). Pure, and the same for every browser,
 * for an archive, and for what still waits to be sent.
 */

import { checkAction } from "../crypto/content.js";
import { ProtocolError } from "../crypto/errors.js";
import { hex, unhex } from "../lib/bytes.js";

const VERSIONS_KEPT = 20; // of one message; the first stays
const SIGNS_KEPT = 20; // of one person under one message
const OWN = { delete: erased, edit: edited, react: marked };

/**
 * @typedef {object} Action `target` is a mid; by (epoch, counter) the actions of one device are in order
 * @property {"edit"|"delete"|"react"} t @property {string} target @property {string} uid @property {string} did @property {number} epoch @property {number} counter
 * @property {number} at @property {number} [rev] @property {string} [body] @property {string} [e] @property {boolean} [on]
 */

/** @param {string} t @returns {boolean} */
export function isAction(t) {
  return Object.hasOwn(OWN, t);
}

/** @param {{uid: string, did: string}} event @param {{header: object, content: object}} opened @returns {Action} */
export function actionOf({ uid, did }, { header, content }) {
  const { t, ts: at, target, rev, body, e, on } = content;
  return { t, target, uid, did, epoch: header.epoch, counter: header.counter, at, rev, body, e, on };
}

/** @param {object} row @param {Action} action @returns {string|null} why it may not */
export function refusalOf(row, { t, uid }) {
  if (t === "react") return null;
  try {
    checkAction({ uid: unhex(row.uid) }, { uid: unhex(uid) });
    return null;
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}

/** @param {object} row of the mail store @param {Action} action by somebody who may @returns {object} the same row when it changes nothing */
export function changed(row, action) {
  return row.deleted ? row : OWN[action.t](row, action);
}

/** With what still waits to be sent. @param {object} row @param {Action[]} actions @returns {object} */
export function changedByAll(row, actions) {
  const mid = row.mid && hex(row.mid);
  return actions.filter(({ target }) => target === mid).reduce(changed, row);
}

/** @param {object} row @returns {number} for the next edit: above every one that is known */
export function nextRev({ versions }) {
  return (versions?.at(-1).rev ?? 0) + 1;
}

/** @param {object} row @param {string} myUid @returns {{sign: string, count: number, mine: boolean}[]} in the order in which they came */
export function reactionsOf({ marks = [] }, myUid) {
  const signs = [...new Set(marks.filter(({ on }) => on).map(({ e }) => e))];
  return signs.map((sign) => {
    const by = marks.filter(({ e, on }) => on && e === sign);
    return { sign, count: by.length, mine: by.some(({ uid }) => uid === myUid) };
  });
}

/** @param {object} row @returns {{text: string, at: number}[]} what it said before, oldest first */
export function earlierOf({ versions = [] }) {
  return versions.slice(0, -1).map(({ text, at }) => ({ text, at }));
}

/**
 * What a person did to a message in this epoch or later, as it is to be said once more.
 * @param {object} row @param {{uid: string, epoch: number}} since @returns {{kind: string, text?: string, fields: object}[]} wishes without a target
 */
export function actionsSince({ mine, deleted, deletedIn = -1, versions = [], marks = [] }, { uid, epoch }) {
  const newest = versions.at(-1);
  const isEdited = mine && newest?.rev > 0 && (newest.epoch ?? -1) >= epoch;
  const edits = isEdited ? [{ kind: "edit", text: newest.text, fields: { rev: newest.rev } }] : [];
  const signs = marks.filter((one) => one.uid === uid && one.epoch >= epoch).map(({ e, on }) => ({ kind: "react", fields: { e, on } }));
  return mine && deleted && deletedIn >= epoch ? [{ kind: "delete", fields: {} }] : [...edits, ...signs];
}

// Nothing of what it said stays.
function erased({ text, file, fileName, versions, marks, ...row }, { epoch }) {
  return { ...row, text: "", deleted: true, deletedIn: epoch };
}

// The highest rev is shown, all are kept; of two with the same rev the one that came first counts.
function edited(row, { rev, body, at, epoch }) {
  const before = row.versions ?? [{ rev: 0, text: row.text, at: row.at }];
  const isKnown = before.some((one) => one.rev === rev && one.text === body);
  if (row.kind !== "text" || rev < 1 || isKnown) return row;
  const all = [{ rev, text: body, at, epoch }, ...before].sort((a, b) => a.rev - b.rev);
  const versions = all.length > VERSIONS_KEPT ? [all[0], ...all.slice(1 - VERSIONS_KEPT)] : all;
  return { ...row, versions, text: versions.at(-1).text };
}

// What was taken back is remembered, so that an older word of the same browser does not bring it back.
function marked(row, { uid, did, epoch, counter, e, on }) {
  const marks = row.marks ?? [];
  const before = marks.find((one) => one.uid === uid && one.e === e);
  const isOlder = before?.did === did && (epoch - before.epoch || counter - before.counter) <= 0;
  if (isOlder) return row;
  const mark = { uid, did, epoch, counter, e, on };
  const next = before?.on && on ? marks.map((one) => (one === before ? mark : one)) : [...marks.filter((one) => one !== before), mark];
  return { ...row, marks: withRoom(next, uid) };
}

function withRoom(marks, uid) {
  if (marks.filter((one) => one.uid === uid).length <= SIGNS_KEPT) return marks;
  const gone = marks.find((one) => one.uid === uid && !one.on) ?? marks.findLast((one) => one.uid === uid);
  return marks.filter((one) => one !== gone);
}
