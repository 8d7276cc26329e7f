/**
 * What all dialogs share that need the passphrase of this browser for one thing: ask, do it, close and say so, or say what is wrong.
 * A dialog of this kind has `work(passphrase, isHere)`, which gives what is to be said afterwards, or null when something is still missing.
 */
import { DialogView } from "./dialog-view.js";
import "./pass-field.js";

export class VaultDialog extends DialogView {
  /** What it was opened with. */
  given = {};

  prepared() {
    this.on("form", "submit", (event) => this.#go(event));
    this.parts.keep?.addEventListener("click", () => this.close());
  }

  /** @param {object} messenger */
  set messenger(messenger) {
    this.source = messenger;
  }

  /** @param {object} [given] */
  open(given = {}) {
    this.given = given;
    this.fail(null);
    this.empty();
    this.show();
    this.first().focus();
  }

  /** @returns {HTMLElement} what has the focus at the beginning */
  first() {
    return this.parts.passphrase;
  }

  /** Nothing typed stays. */
  empty() {
    this.parts.passphrase.clear();
  }

  closed() {
    this.empty();
  }

  async #go(event) {
    event.preventDefault();
    await this.attempt(this.parts.go, async (isHere) => {
      const text = await this.work(this.parts.passphrase.value, isHere);
      if (text === null) return;
      if (isHere()) this.close();
      this.emit("say-toast", { text });
    });
  }
}
