/** Small words for the claims in this folder. Each exported function of the other files is one test. */

import { hex } from "/static/js/lib/bytes.js";

/** @param {any} got @param {any} wanted compared as text, bytes as hex */
export function same(got, wanted) {
  const [mine, theirs] = [got, wanted].map(text);
  if (mine !== theirs) throw new Error(`${mine} instead of ${theirs}`);
}

/** @param {boolean} condition @param {string} claim */
export function holds(condition, claim) {
  if (!condition) throw new Error(`not so: ${claim}`);
}

/** @param {string} code of a ProtocolError, or the name of another error @param {() => any} work */
export async function refuses(code, work) {
  try {
    await work();
  } catch (error) {
    if (code === (error.code || error.name) || code === error.name) return;
    throw new Error(`wanted ${code}, got ${error.code || error.stack}`);
  }
  throw new Error(`wanted ${code}, was accepted`);
}

function text(value) {
  return JSON.stringify(value, (_, part) => (part instanceof Uint8Array ? hex(part) : part));
}
