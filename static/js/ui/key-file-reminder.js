/** Asks calmly, now and then, whether the key file is still there; and for a new one when the keys changed. */
import { define, View } from "./view.js";
import { say } from "./words.js";

export class KeyFileReminder extends View {
  #messenger = null;

  built() {
    this.on("check", "click", () => this.emit("check-key-file"));
    this.on("later", "click", () => this.#later());
  }

  /** @param {object} messenger */
  set messenger(messenger) {
    this.#messenger = messenger;
    this.refresh();
  }

  async refresh() {
    const file = await this.#messenger.keyFile?.().catch(() => null); // locked meanwhile
    this.hidden = !file?.due;
    if (!file?.due) return;
    this.parts.text.textContent = say(`reminder.${file.due}`);
    this.parts.check.textContent = say(`reminder.do.${file.due}`);
  }

  async #later() {
    this.hidden = true;
    await this.#messenger.remindLater?.();
  }
}

define("key-file-reminder", KeyFileReminder);
