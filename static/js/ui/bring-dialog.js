/** A key file in a browser that has keys: a new one, so that this browser goes on with the keys in it; or an older one, for its messages. */
import { VaultDialog } from "./vault-dialog.js";
import { define } from "./view.js";
import { say } from "./words.js";
import "./file-drop.js";

/** Opened with `which`: the "new" one of another browser, the "newest" of the account, or an "older" one. */
export class BringDialog extends VaultDialog {
  first() {
    return this.parts.file.querySelector("input");
  }

  empty() {
    const { title, lead, file, passphrase, own } = this.parts;
    const { which = "new" } = this.given;
    title.textContent = say(`bring.${which}.title`);
    lead.textContent = say(`bring.${which}.lead`);
    file.clear();
    passphrase.clear();
    own.clear();
    this.#askOwn(false);
  }

  async work(passphrase, isHere) {
    const { file, own, ownBox } = this.parts;
    if (!file.check()) return null;
    const typed = ownBox.hidden ? { passphrase } : { passphrase, own: own.value };
    try {
      const { notices = [] } = await this.source.bringKeyFile({ ...typed, bytes: await file.bytes() });
      if (!notices.includes("KEYFILE_STALE")) return say("bring.done");
      this.emit("key-file-due");
      return say("bring.older");
    } catch (error) {
      if (error.code === "KEYFILE_OTHER_PASSPHRASE" && isHere()) this.#askOwn(true);
      throw error;
    }
  }

  #askOwn(on) {
    this.parts.ownBox.hidden = !on;
    this.parts.own.required = on;
  }
}

define("bring-dialog", BringDialog);
