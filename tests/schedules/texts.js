/** Every text of a world, who wrote it, and whether it may get lost. */

const REFUSALS = new Set(["OFFLINE", "DEVICE_REMOVED_HERE", "STALE_BUNDLE", "KEYFILE_OLD_HERE"]);

/** A text that nobody else writes. @param {object} world @param {object} by Member @returns {Promise<void>} */
export async function say(world, by) {
  const text = `t${world.sent.length}`;
  world.sent.push({ text, by });
  await unless(REFUSALS, by.messenger.send(world.cid, text));
}

/** What only this disk holds may go with it. @param {object} world @param {object} one */
export async function mayLose(world, one) {
  const waiting = (await one.lines(world.cid)).filter(({ state }) => state === "queued").map(({ text }) => text);
  for (const each of world.sent) if (waiting.includes(each.text)) each.mayBeLost = true;
}

async function unless(codes, work) {
  try {
    await work;
  } catch (error) {
    if (!codes.has(error.code)) throw error;
  }
}
