/** The safety number: both sides in groups of five, to be read to each other; comparing it marks the chat as verified. */
import { DialogView } from "./dialog-view.js";
import { copyText } from "./files.js";
import { define } from "./view.js";
import { say } from "./words.js";

const GROUP = /\d{5}/g;

/** Digit by digit for those who listen, five at a time for those who look. */
function group(digits) {
  const item = document.createElement("li");
  const seen = document.createElement("span");
  seen.setAttribute("aria-hidden", "true");
  seen.textContent = digits;
  const heard = document.createElement("span");
  heard.className = "visually-hidden";
  heard.textContent = [...digits].join(" ");
  item.append(seen, heard);
  return item;
}

const fill = (list, digits) => list.replaceChildren(...(digits.match(GROUP) ?? []).map(group));

export class SafetyDialog extends DialogView {
  #cid = null;
  #digits = "";

  prepared() {
    this.on("copy", "click", () => this.#copy());
    this.on("same", "click", () => this.#mark(true));
    this.on("unmark", "click", () => this.#mark(false));
  }

  /** @param {object} messenger */
  set messenger(messenger) {
    this.source = messenger;
  }

  /** @param {{cid: string, name: string, verified: boolean}} given */
  async open({ cid, name, verified }) {
    this.#cid = cid;
    const { parts } = this;
    this.fail(null);
    parts.lead.textContent = say("safety.lead", { name });
    parts.theirsTitle.textContent = say("safety.theirs", { name });
    this.#showMark(verified);
    parts.numbers.hidden = parts.copy.hidden = true;
    this.show();
    try {
      this.#show(await this.source.safetyNumber(cid));
    } catch (error) {
      parts.same.hidden = parts.unmark.hidden = true;
      this.fail(error, { name });
    }
  }

  #show({ digits, mine, theirs }) {
    this.#digits = digits;
    fill(this.parts.theirs, theirs);
    fill(this.parts.mine, mine);
    this.parts.numbers.hidden = this.parts.copy.hidden = false;
  }

  #showMark(verified) {
    const { same, unmark, done } = this.parts;
    same.hidden = verified;
    unmark.hidden = done.hidden = !verified;
  }

  async #mark(verified) {
    try {
      await this.source.setVerified(this.#cid, verified);
      this.#showMark(verified);
      this.emit("trust-changed");
      if (verified) this.parts.close.focus();
    } catch (error) {
      this.fail(error);
    }
  }

  async #copy() {
    const copied = await copyText((this.#digits.match(GROUP) ?? []).join(" "));
    this.emit("say-toast", { text: say(copied ? "toast.copied" : "toast.notCopied") });
  }
}

define("safety-dialog", SafetyDialog);
