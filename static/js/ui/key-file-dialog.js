/** My key file: check that it is still there and opens, or save it again. Checking changes nothing. */
import { fullTime } from "./dates.js";
import { DialogView } from "./dialog-view.js";
import { download } from "./files.js";
import { define } from "./view.js";
import { say } from "./words.js";
import "./file-drop.js";
import "./pass-field.js";

export class KeyFileDialog extends DialogView {
  prepared() {
    this.on("form", "submit", (event) => this.#check(event));
    for (const which of ["newest", "older"]) this.on(which, "click", () => this.#leave("bring-own-file", { which }));
    this.on("stolen", "click", () => this.#leave("ask-new-root"));
    this.on("again", "click", () => this.#saveAgain());
  }

  /** @param {object} messenger */
  set messenger(messenger) {
    this.source = messenger;
  }

  async open() {
    this.#empty();
    this.show();
    const file = await this.source.keyFile?.().catch(() => null); // locked meanwhile
    this.parts.proved.hidden = !file?.provedAt;
    if (file?.provedAt) this.parts.proved.textContent = say("keyFile.proved", { time: fullTime(file.provedAt) });
  }

  closed() {
    this.#empty();
  }

  #leave(wish, detail) {
    this.close();
    this.emit(wish, detail);
  }

  #empty() {
    this.fail(null);
    this.parts.good.hidden = true;
    this.parts.file.clear();
    this.parts.passphrase.clear();
  }

  #check(event) {
    event.preventDefault();
    const { file, passphrase, go, good } = this.parts;
    if (!file.check()) return;
    this.#run(go, async (isHere) => {
      await this.source.proveKeyFile({ passphrase: passphrase.value, bytes: await file.bytes() });
      good.hidden = !isHere();
      this.emit("key-file-proved");
    });
  }

  #saveAgain() {
    const { passphrase, again } = this.parts;
    if (!passphrase.check()) return;
    this.#run(again, async () => {
      download(await this.source.makeKeyFile({ passphrase: passphrase.value }));
      this.emit("key-file-saved");
      this.emit("say-toast", { text: say("toast.fileSaved") });
    });
  }

  #run(button, work) {
    this.parts.good.hidden = true;
    return this.attempt(button, work);
  }
}

define("key-file-dialog", KeyFileDialog);
