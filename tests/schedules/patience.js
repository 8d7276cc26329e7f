/** What stands still, or goes round and round, is told instead of being waited for without end. */

const LOOK_MS = 1_000; // of real time
const STILL_LOOKS = 30; // in a row without a step
const LOOKS_MAX = 240; // in all

/**
 * @template T @param {() => Promise<T>} work @param {{steps: () => number, describe: () => string, lookMs?: number}} told steps: goes up
 *   as long as anything goes on @returns {Promise<T>} @throws where everything stands, when work does not end
 */
export async function withPatience(work, { steps, describe, lookMs = LOOK_MS }) {
  let looking = null;
  const late = new Promise((_, reject) => {
    let [seen, looks, still] = [steps(), 0, 0];
    looking = setInterval(() => {
      looks += 1;
      still = steps() === seen ? still + 1 : 0;
      seen = steps();
      if (still >= STILL_LOOKS) reject(new Error(`it stands still: ${describe()}`));
      if (looks >= LOOKS_MAX) reject(new Error(`it does not end: ${describe()}`));
    }, lookMs);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearInterval(looking);
  }
}
