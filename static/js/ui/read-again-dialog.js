/** Messages that came before this browser had their key: the passphrase opens the keys of earlier times, and they are read in their place. */
import { busy, DialogView } from "./dialog-view.js";
import { define } from "./view.js";
import { say } from "./words.js";
import "./pass-field.js";

export class ReadAgainDialog extends DialogView {
  #cid = null;

  prepared() {
    this.on("form", "submit", (event) => this.#read(event));
  }

  /** @param {object} messenger */
  set messenger(messenger) {
    this.source = messenger;
  }

  /** @param {{cid: string}} given */
  open({ cid }) {
    this.#cid = cid;
    this.fail(null);
    this.parts.passphrase.clear();
    this.show();
    this.parts.passphrase.focus();
  }

  closed() {
    this.parts.passphrase.clear();
  }

  async #read(event) {
    event.preventDefault();
    this.fail(null);
    await busy(this.parts.go, async () => {
      try {
        const { read, left } = await this.source.readAgain({ cid: this.#cid, passphrase: this.parts.passphrase.value });
        this.close();
        this.emit("say-toast", { text: said(read, left) });
      } catch (error) {
        this.fail(error);
      }
    });
  }
}

function said(read, left) {
  if (left) return say("readAgain.left", { read, count: left });
  return say("readAgain.done", { count: read });
}

define("read-again-dialog", ReadAgainDialog);
