/** Asks before a message goes on both sides. */
import { busy, DialogView } from "./dialog-view.js";
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
    return busy(this.parts.go, async () => {
      try {
        await this.#work();
        this.close();
      } catch (error) {
        this.fail(error);
      }
    });
  }
}

define("erase-dialog", EraseDialog);
