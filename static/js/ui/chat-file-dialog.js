/** Saves the key file of one chat: it opens this chat's messages for reading, nothing else. */
import { DialogView } from "./dialog-view.js";
import { download } from "./files.js";
import { define } from "./view.js";
import { say } from "./words.js";
import "./pass-field.js";

export class ChatFileDialog extends DialogView {
  #cid = null;

  prepared() {
    this.on("form", "submit", (event) => this.#save(event));
  }

  /** @param {object} messenger */
  set messenger(messenger) {
    this.source = messenger;
  }

  /** @param {{cid: string, name: string}} given */
  open({ cid, name }) {
    this.#cid = cid;
    this.fail(null);
    this.parts.lead.textContent = say("chatFile.lead", { name });
    this.parts.passphrase.clear();
    this.show();
    this.parts.passphrase.focus();
  }

  closed() {
    this.parts.passphrase.clear();
  }

  async #save(event) {
    event.preventDefault();
    await this.attempt(this.parts.go, async (isHere) => {
      const file = await this.source.conversationFile({ cid: this.#cid, passphrase: this.parts.passphrase.value });
      if (!isHere()) return;
      download(file);
      this.close();
      this.emit("say-toast", { text: say("toast.fileSaved") });
    });
  }
}

define("chat-file-dialog", ChatFileDialog);
