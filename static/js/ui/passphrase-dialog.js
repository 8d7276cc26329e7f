/** Another passphrase for the keys in this browser and for the key file that is saved next. */
import { DialogView } from "./dialog-view.js";
import { define } from "./view.js";
import { say } from "./words.js";
import "./pass-field.js";

export class PassphraseDialog extends DialogView {
  prepared() {
    this.parts.next.label = say("passphrase.next");
    this.parts.present.label = say("passphrase.present");
    this.on("form", "submit", (event) => this.#change(event));
  }

  /** @param {object} messenger */
  set messenger(messenger) {
    this.source = messenger;
  }

  open() {
    this.fail(null);
    this.closed();
    this.show();
    this.parts.present.focus();
  }

  closed() {
    this.parts.present.clear();
    this.parts.next.clear();
  }

  async #change(event) {
    event.preventDefault();
    await this.attempt(this.parts.go, async (isHere) => {
      await this.source.changePassphrase({ passphrase: this.parts.present.value, next: this.parts.next.value });
      if (isHere()) this.close();
      this.emit("key-file-due");
      this.emit("say-toast", { text: say("passphrase.changed") });
    });
  }
}

define("passphrase-dialog", PassphraseDialog);
