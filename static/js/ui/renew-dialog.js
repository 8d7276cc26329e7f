/** This browser went back in time: with the passphrase it gets keys of its own anew, and what waits goes out. */
import { VaultDialog } from "./vault-dialog.js";
import { define } from "./view.js";
import { say } from "./words.js";

export class RenewDialog extends VaultDialog {
  async work(passphrase) {
    await this.source.renewBrowser({ passphrase });
    return say("renew.done");
  }
}

define("renew-dialog", RenewDialog);
