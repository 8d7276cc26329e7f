/** "What is this?": what a line in the chat means, what it may mean, what to do; the technical code under Details. */
import { DialogView } from "./dialog-view.js";
import { copyText } from "./files.js";
import { explanation, technical } from "./message-words.js";
import { define } from "./view.js";
import { say } from "./words.js";

export class ExplainDialog extends DialogView {
  prepared() {
    this.on("fine", "click", () => this.close());
    this.on("copy", "click", () => this.#copy());
  }

  /** @param {{code: string, title: string, name: string, detail?: unknown, items?: string[]}} given items: what it is about, one by one */
  open({ code, title, name, detail, items = [] }) {
    this.parts.title.textContent = title;
    this.parts.text.textContent = explanation({ code, detail }, name);
    this.parts.code.textContent = technical(code, detail);
    this.parts.items.hidden = items.length === 0;
    this.parts.items.replaceChildren(...items.map((item) => Object.assign(document.createElement("li"), { textContent: item })));
    this.show();
    this.parts.fine.focus();
  }

  async #copy() {
    const copied = await copyText(this.parts.code.textContent);
    this.emit("say-toast", { text: say(copied ? "toast.copied" : "toast.notCopied") });
  }
}

define("explain-dialog", ExplainDialog);
