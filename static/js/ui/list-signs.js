/** What stands around the messages: the button back to the newest, the sign that older ones come, the words that are read out. */
import { say } from "./words.js";

const KEPT_LINES = 20;
export const SHOW_WAIT_MS = 300;

/** @template T @param {HTMLElement} sign  @param {Promise<T>} work  @returns {Promise<T>} */
export async function shownWhileSlow(sign, work) {
  const wait = setTimeout(() => (sign.hidden = false), SHOW_WAIT_MS);
  try {
    return await work;
  } finally {
    clearTimeout(wait);
    sign.hidden = true;
  }
}

/** @param {{jump: HTMLElement, jumpCount: HTMLElement}} parts  @param {boolean} on  @param {number} missed */
export function showJump({ jump, jumpCount }, on, missed) {
  jump.hidden = !on;
  jumpCount.hidden = !missed;
  jumpCount.textContent = String(missed);
  jump.setAttribute("aria-label", missed ? say("list.jump", { count: missed }) : say("list.toEnd"));
}

/** @param {HTMLElement} log a live region  @param {string} text  @param {string} id of the message it is about */
export function readOut(log, text, id) {
  const line = Object.assign(document.createElement("p"), { textContent: text });
  line.dataset.about = id;
  log.append(line);
  while (log.childElementCount > KEPT_LINES) log.firstElementChild.remove();
}

/** What was read out does not outlive its message, nor what it said before. @param {HTMLElement} log  @param {string} id */
export function forgetReadOut(log, id) {
  for (const line of [...log.children].filter(({ dataset }) => dataset.about === id)) line.remove();
}
