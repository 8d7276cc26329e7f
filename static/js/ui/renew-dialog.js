/** This browser went back in time: with the passphrase it gets keys of its own anew, and what waits goes out. */
import { busy, DialogView } from "./dialog-view.js";
import { define } from "./view.js";
import { say } from "./words.js";
import "./pass-field.js";

export class RenewDialog extends DialogView {
  prepared() {
    this.on("form", "submit", (event) => this.#renew(event));
  }

  /** @param {object} messenger */
  set messenger(messenger) {
    this.source = messenger;
  }

  open() {
    this.fail(null);
    this.parts.passphrase.clear();
    this.show();
    this.parts.passphrase.focus();
  }

  closed() {
    this.parts.passphrase.clear();
  }

  async #renew(event) {
    event.preventDefault();
    this.fail(null);
    await busy(this.parts.go, async () => {
      try {
        await this.source.renewBrowser({ passphrase: this.parts.passphrase.value });
        this.close();
        this.emit("say-toast", { text: say("renew.done") });
      } catch (error) {
        this.fail(error);
      }
    });
  }
}

define("renew-dialog", RenewDialog);
