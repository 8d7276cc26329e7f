/**
 * What the desktop shows when something arrives while nobody looks at the page: that it came, never what, from whom or in which chat. The
 * system keeps such notices longer than the chat keeps messages.
 */
import { say } from "./words.js";

const TAG = "llave"; // the next one takes the place of the last
let shown = null;

const isThere = () => "Notification" in globalThis;

/** @returns {boolean} the browser has the person's leave */
export const mayNotify = () => isThere() && Notification.permission === "granted";

/** @returns {Promise<boolean>} whether the person gave leave; the browser asks them when they were never asked */
export async function askToNotify() {
  return isThere() && (await Notification.requestPermission()) === "granted";
}

/** Something new is there. */
export function notifyNew() {
  if (!mayNotify() || document.visibilityState === "visible") return;
  shown = new Notification(say("notification.title"), { tag: TAG });
  shown.addEventListener("click", () => {
    globalThis.focus();
    clearNotification();
  });
}

/** The person looks at the page, or it was locked. */
export function clearNotification() {
  shown?.close();
  shown = null;
}
