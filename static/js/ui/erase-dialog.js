/** Asks before a message goes on both sides. */
import { DialogView } from "./dialog-view.js";
import { define } from "./view.js";

export class EraseDialog extends DialogView {
  #work = null;

  prepared() {
    this.on("stay", "click", () => this.close());
    this.on("go", "click", () => this.#erase());
  }

  /** @param {() => Promise<void>} work */
  open(work) {
    this.#work = work;
    this.fail(null);
    this.show();
  }

  #erase() {
    return this.attempt(this.parts.go, async (isHere) => {
      await this.#work();
      if (isHere()) this.close();
    });
  }
}

define("erase-dialog", EraseDialog);
