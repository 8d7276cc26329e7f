/** Reads a chat key file: who the chat is with and its messages, for reading only; all of it goes when the dialog closes. */
import { fullTime } from "./dates.js";
import { DialogView } from "./dialog-view.js";
import { nodesOf } from "./message-bubble.js";
import { lineOf } from "./message-verbs.js";
import { personName } from "./conversations.js";
import { define } from "./view.js";
import { say } from "./words.js";
import "./file-drop.js";
import "./pass-field.js";

const STEP = 200;

export class ReadFileDialog extends DialogView {
  prepared() {
    this.on("form", "submit", (event) => this.#read(event));
  }

  /** @param {object} messenger */
  set messenger(messenger) {
    this.source = messenger;
  }

  open() {
    this.#empty();
    this.fail(null);
    this.show();
  }

  closed() {
    this.#empty();
  }

  #empty() {
    const { file, passphrase, form, result, messages } = this.parts;
    file.clear();
    passphrase.clear();
    form.hidden = false;
    result.hidden = true;
    messages.replaceChildren();
  }

  async #read(event) {
    event.preventDefault();
    const { file, passphrase, go } = this.parts;
    if (!file.check()) return;
    await this.attempt(go, async (isHere) => {
      const found = await this.source.readConversationFile({ passphrase: passphrase.value, bytes: await file.bytes() });
      if (isHere()) this.#show(found, isHere);
    });
  }

  #show({ peer, messages }, isHere) {
    const name = personName(peer);
    this.parts.form.hidden = true;
    this.parts.result.hidden = false;
    this.parts.found.textContent = say("readFile.found", { name, count: messages.length });
    this.#append(messages, 0, name, isHere);
    this.parts.messages.focus();
  }

  /** In steps, so that a long chat does not hold the page. */
  #append(messages, from, name, isHere) {
    if (!isHere()) return;
    this.parts.messages.append(...messages.slice(from, from + STEP).map((message) => line(message, name)));
    const next = from + STEP;
    if (next < messages.length) requestAnimationFrame(() => this.#append(messages, next, name, isHere));
  }
}

function line(message, name) {
  const item = document.createElement("li");
  const head = document.createElement("p");
  head.className = "archive__head";
  head.textContent = say("readFile.head", { author: message.mine ? say("you") : name, time: fullTime(message.at) });
  const text = document.createElement("p");
  text.className = "archive__text";
  text.append(...(message.kind === "text" && !message.deleted ? nodesOf(message.text) : [lineOf(message)]));
  item.append(head, text);
  return item;
}

define("read-file-dialog", ReadFileDialog);
