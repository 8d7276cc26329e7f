/** The time of the scenarios: it goes on only as fast as the page gets on, so that on a busy machine nothing is late that would not be late on an idle one. */

const STEP_MS = 5;
const due = new Set(); // {at, run}
let now = 0;
let isGoing = false;

/** @param {number} ms @param {() => void} run @returns {() => void} cancels it */
export function after(ms, run) {
  const entry = { at: now + ms, run };
  due.add(entry);
  if (!isGoing) goOn();
  return () => due.delete(entry);
}

/** @param {number} ms @returns {Promise<void>} */
export function pause(ms) {
  return new Promise((resolve) => after(ms, resolve));
}

async function goOn() {
  isGoing = true;
  while (due.size > 0) {
    await breath();
    now += STEP_MS;
    const ripe = [...due].filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
    for (const entry of ripe) if (due.delete(entry)) attempt(entry.run);
  }
  isGoing = false;
}

// Timers, the threads that encrypt, and the browser's own process, which has locks, channels and databases: what all of a chat's work waits for.
async function breath() {
  await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  await crypto.subtle.digest("SHA-256", new Uint8Array(32));
  await navigator.locks.request("pace", () => {});
}

function attempt(run) {
  try {
    run();
  } catch (error) {
    reportError(error);
  }
}
