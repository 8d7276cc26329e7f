/** Asks before the keys and messages of this browser go. */
import { DialogView } from "./dialog-view.js";
import { define } from "./view.js";

export class ForgetDialog extends DialogView {
  prepared() {
    this.on("stay", "click", () => this.close());
    this.on("go", "click", () => this.#forget());
  }

  /** @param {object} messenger */
  set messenger(messenger) {
    this.source = messenger;
  }

  open() {
    this.fail(null);
    this.show();
  }

  #forget() {
    return this.attempt(this.parts.go, async (isHere) => {
      await this.source.forgetBrowser();
      if (isHere()) this.close();
      this.emit("browser-forgotten");
    });
  }
}

define("forget-dialog", ForgetDialog);
