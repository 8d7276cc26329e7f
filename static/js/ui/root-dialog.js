/** Somebody else may have my key file: new keys for the account, signed with the old ones. */
import { busy, DialogView } from "./dialog-view.js";
import { define } from "./view.js";
import { say } from "./words.js";
import "./pass-field.js";

export class RootDialog extends DialogView {
  prepared() {
    this.on("form", "submit", (event) => this.#renew(event));
    this.on("keep", "click", () => this.close());
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
        await this.source.renewRoot({ passphrase: this.parts.passphrase.value });
        this.close();
        this.emit("key-file-due");
        this.emit("say-toast", { text: say("root.done") });
      } catch (error) {
        this.fail(error);
      }
    });
  }
}

define("root-dialog", RootDialog);
