/** What is much to draw goes into more than one frame. */
import { breathe } from "../lib/breath.js";

/** In a task of its own, when what was changed before is drawn; a page that cannot be seen draws nothing. @returns {Promise<void>} */
export async function nextFrame() {
  if (!document.hidden) await new Promise((resolve) => requestAnimationFrame(resolve));
  await breathe();
}
