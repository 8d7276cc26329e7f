/** What all our dialogs share: open and close with the focus given back, one error line, one busy button. */
import { View } from "./view.js";
import { sayError } from "./words.js";

export class DialogView extends View {
  #back = null;

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

  #closed() {
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
  if (button.getAttribute("aria-busy") === "true") return undefined;
  button.setAttribute("aria-busy", "true");
  try {
    return await work();
  } finally {
    button.removeAttribute("aria-busy");
  }
}
