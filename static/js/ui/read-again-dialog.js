/** Messages that came before this browser had their key: the passphrase opens the keys of earlier times, and they are read in their place. */
import { VaultDialog } from "./vault-dialog.js";
import { define } from "./view.js";
import { say } from "./words.js";

export class ReadAgainDialog extends VaultDialog {
  async work(passphrase) {
    const { read, left } = await this.source.readAgain({ cid: this.given.cid, passphrase });
    return left ? say("readAgain.left", { read, count: left }) : say("readAgain.done", { count: read });
  }
}

define("read-again-dialog", ReadAgainDialog);
