/** How long a page draws nothing; also put into pages that cannot import it. */

/** Runs `work` while the page draws. @returns {Promise<{began: number, ms: number, frozenMs: number, value: any}>} frozenMs: between two frames at most */
export async function watched(work) {
  let last = performance.now();
  let frozenMs = 0;
  let isOver = false;
  const frame = () => {
    const now = performance.now();
    frozenMs = Math.max(frozenMs, now - last);
    last = now;
    if (!isOver) requestAnimationFrame(frame);
  };
  await new Promise(requestAnimationFrame);
  last = performance.now();
  requestAnimationFrame(frame);
  const began = performance.now();
  const value = await work();
  const ms = performance.now() - began;
  await new Promise(requestAnimationFrame);
  isOver = true;
  return { began, ms, frozenMs, value };
}
