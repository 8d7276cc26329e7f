/** What all our dialogs share: open and close with the focus given back, one error line, one busy button, and work that answers late. */
import { View } from "./view.js";
import { sayError } from "./words.js";

const working = new WeakMap(); // a busy button and its work

export class DialogView extends View {
  #back = null;
  #run = 0; // of what is asked here; whatever was asked before has nothing more to say

  get template() {
    return this.localName;
  }

  built() {
    const { dialog, close } = this.parts;
    close.addEventListener("click", () => this.close());
    dialog.addEventListener("click", (event) => event.target === dialog && this.close());
    dialog.addEventListener("close", () => this.#closed());
    this.prepared();
  }

  /** Called once, when the parts exist. */
  prepared() {}

  /** Called when the dialog was closed: the place to let go of what was shown. */
  closed() {}

  show() {
    this.#back = document.activeElement;
    this.parts.dialog.showModal();
  }

  close() {
    this.parts.dialog.close();
  }

  get isOpen() {
    return this.parts.dialog.open;
  }

  /** @param {Error|null} error  @param {object} [values] */
  fail(error, values) {
    const { error: line } = this.parts;
    line.hidden = !error;
    line.textContent = error ? sayError(error, values) : "";
  }

  /** @returns {() => boolean} whether this still asks what it asks now */
  watch() {
    const run = this.#run;
    return () => run === this.#run && this.isOpen;
  }

  /** Something else is asked from now on: what still runs goes on unseen, and no button waits for it. */
  turnAway() {
    this.#run += 1;
    this.querySelectorAll("button[aria-busy]").forEach(free);
  }

  /**
   * Runs work for a button. What went wrong stands in the dialog, or in a toast when that asks something else by then.
   * @template T
   * @param {HTMLElement} button
   * @param {(isHere: () => boolean) => Promise<T>} work only while isHere() may it close or fill the dialog
   * @returns {Promise<T|undefined>}
   */
  attempt(button, work) {
    const isHere = this.watch();
    return busy(button, async () => {
      this.fail(null);
      try {
        return await work(isHere);
      } catch (error) {
        if (isHere()) this.fail(error);
        else this.emit("say-toast", { text: sayError(error) });
        return undefined;
      }
    });
  }

  #closed() {
    this.turnAway();
    this.closed();
    if (this.#back?.isConnected && this.#back.offsetParent) this.#back.focus();
    this.#back = null;
  }
}

/**
 * Runs work for a button: it can not be pressed twice, and says that it is busy.
 * @template T
 * @param {HTMLElement} button
 * @param {() => Promise<T>} work
 * @returns {Promise<T|undefined>}
 */
export async function busy(button, work) {
  if (working.has(button)) return undefined;
  working.set(button, work);
  button.setAttribute("aria-busy", "true");
  try {
    return await work();
  } finally {
    if (working.get(button) === work) free(button);
  }
}

function free(button) {
  working.delete(button);
  button.removeAttribute("aria-busy");
}
