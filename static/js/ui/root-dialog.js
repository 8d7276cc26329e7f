/** Somebody else may have my key file: new keys for the account, signed with the old ones. */
import { VaultDialog } from "./vault-dialog.js";
import { define } from "./view.js";
import { say } from "./words.js";

export class RootDialog extends VaultDialog {
  async work(passphrase) {
    await this.source.renewRoot({ passphrase });
    this.emit("key-file-due");
    return say("root.done");
  }
}

define("root-dialog", RootDialog);
