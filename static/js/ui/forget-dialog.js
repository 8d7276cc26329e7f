/** Asks before the keys and messages of this browser go. */
import { busy, DialogView } from "./dialog-view.js";
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
    return busy(this.parts.go, async () => {
      try {
        await this.source.forgetBrowser();
        this.close();
        this.emit("browser-forgotten");
      } catch (error) {
        this.fail(error);
      }
    });
  }
}

define("forget-dialog", ForgetDialog);
