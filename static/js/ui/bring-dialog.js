/** Another browser made new keys of the account: its key file is brought here, and this browser goes on with its chats. */
import { VaultDialog } from "./vault-dialog.js";
import { define } from "./view.js";
import { say } from "./words.js";
import "./file-drop.js";

export class BringDialog extends VaultDialog {
  first() {
    return this.parts.file.querySelector("input");
  }

  empty() {
    const { file, passphrase, own } = this.parts;
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
      await this.source.bringKeyFile({ ...typed, bytes: await file.bytes() });
    } catch (error) {
      if (error.code === "KEYFILE_OTHER_PASSPHRASE" && isHere()) this.#askOwn(true);
      throw error;
    }
    return say("bring.done");
  }

  #askOwn(on) {
    this.parts.ownBox.hidden = !on;
    this.parts.own.required = on;
  }
}

define("bring-dialog", BringDialog);
