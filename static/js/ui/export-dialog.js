/** Saves a whole chat as a file that opens with the key file, on any computer and without this site. */
import { DialogView } from "./dialog-view.js";
import { download } from "./files.js";
import { define } from "./view.js";
import { say } from "./words.js";

export class ExportDialog extends DialogView {
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
    this.parts.lead.textContent = say("export.lead", { name });
    this.show();
    this.parts.go.focus();
  }

  /** What failed, or did not begin, is not under way. */
  fail(error) {
    this.parts.working.hidden = true;
    super.fail(error);
  }

  async #save(event) {
    event.preventDefault();
    await this.attempt(this.parts.go, async (isHere) => {
      const onProgress = (done, total) => isHere() && this.#progress(done, total);
      const file = await this.source.exportConversation({ cid: this.#cid, onProgress });
      if (!isHere()) return;
      download(file);
      this.close();
      this.emit("say-toast", { text: say("toast.fileSaved") });
    });
  }

  #progress(done, total) {
    this.parts.working.hidden = false;
    this.parts.bar.max = total;
    this.parts.bar.value = done;
    this.parts.count.textContent = say("export.count", { done, total });
  }
}

define("export-dialog", ExportDialog);
