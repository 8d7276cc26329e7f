/** A key file in a browser that has keys: of another browser that made new ones, so that this one goes on; or an older one, for its messages. */
import { VaultDialog } from "./vault-dialog.js";
import { define } from "./view.js";
import { say } from "./words.js";
import "./file-drop.js";

export class BringDialog extends VaultDialog {
  first() {
    return this.parts.file.querySelector("input");
  }

  empty() {
    const { file, passphrase, own, newer, older } = this.parts;
    const { isOlder = false } = this.given;
    newer.hidden = isOlder;
    older.hidden = !isOlder;
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
