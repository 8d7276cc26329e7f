/** Why the server closed a socket; the page's half of conversations/closecodes.py. */

export const CLOSE = Object.freeze({
  BAD_FRAMES: 4400,
  LOGIN_NEEDED: 4401,
  DEVICE_NEEDED: 4403,
  TOO_SLOW: 4408,
  REPLACED: 4409, // by a newer socket of this device
  GOING_AWAY: 4412, // the server restarts (then it says with it how long to stay away), or the socket lived long enough; come back
  FRAME_TOO_LARGE: 4413,
  TOO_MANY: 4429,
  SERVER_ERROR: 4500,
});

/** How long to stay away after a code, at least. */
export const PAUSE_MS = Object.freeze({ [CLOSE.TOO_MANY]: 60_000 });

const RETRY = /^retry=([0-9]{1,5})$/;
const RETRY_MOST_MS = 15_000;

/** How long to stay away at most, of which everybody takes a random part. @param {number} code @param {string} [reason] @returns {number} ms; 0: the server did not say in these words */
export function retryHint(code, reason = "") {
  const found = code === CLOSE.GOING_AWAY ? RETRY.exec(reason) : null;
  return found ? Math.min(Number(found[1]), RETRY_MOST_MS) : 0;
}
