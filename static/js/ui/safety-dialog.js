/** The safety number: both halves in groups of five, to be read to each other; comparing it marks the person as verified. */
import { personName } from "./conversations.js";
import { DialogView } from "./dialog-view.js";
import { copyText } from "./files.js";
import { setIcon } from "./icons.js";
import { qrPicture } from "./qr-picture.js";
import { define } from "./view.js";
import { say } from "./words.js";

const GROUP = /\d{5}/g;
const PANES = { open: "ask", verified: "done", wrong: "wrong" };

/** Five digits for those who look, five words for those who listen or read aloud. */
function group(digits) {
  const item = document.createElement("li");
  const seen = Object.assign(document.createElement("span"), { className: "safety__digits", textContent: digits });
  seen.setAttribute("aria-hidden", "true");
  const spoken = [...digits].map((digit) => say(`digit.${digit}`)).join(" ");
  item.append(seen, Object.assign(document.createElement("span"), { className: "safety__words visually-hidden", textContent: spoken }));
  return item;
}

const groups = (digits) => digits.match(GROUP) ?? [];

export class SafetyDialog extends DialogView {
  #cid = null;
  #digits = "";
  #verified = false;

  prepared() {
    this.on("copy", "click", () => this.#copy());
    this.on("same", "click", () => this.#mark("same", true));
    this.on("unmark", "click", () => this.#mark("unmark", false));
    this.on("differ", "click", () => this.#differ());
    this.on("again", "click", () => this.#turn("open", "same"));
    for (const part of ["fine", "later"]) this.on(part, "click", () => this.close());
    this.#toggle("large", (on) => this.parts.numbers.classList.toggle("is-large", on));
    this.#toggle("words", (on) => this.#speak(on));
    this.#toggle("qr", (on) => (this.parts.code.hidden = !on));
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
    parts.theirsTitle.textContent = name;
    parts.mineTitle.textContent = say("safety.mine", { name: personName(this.source.me) });
    this.#turn(verified ? "verified" : "open");
    this.#answerable(false);
    this.show();
    const isHere = this.watch();
    try {
      const number = await this.source.safetyNumber(cid);
      if (isHere()) this.#show(number);
    } catch (error) {
      if (!isHere()) return;
      parts.ask.hidden = parts.done.hidden = true;
      this.fail(error, { name });
    }
  }

  /** Something changed behind the open dialog: what it shows is what is so now. @param {{cid: string, verified: boolean}} conversation */
  async refresh({ cid, verified }) {
    if (!this.isOpen || cid !== this.#cid || !this.#digits) return;
    const isHere = this.watch();
    const number = await this.source.safetyNumber(cid).catch((error) => isHere() && this.fail(error));
    if (!number || !isHere()) return;
    const isOther = number.digits !== this.#digits;
    if (isOther) this.#show(number);
    if (isOther || verified !== this.#verified) this.#turn(verified ? "verified" : "open");
  }

  closed() {
    this.parts.picture.replaceChildren();
    this.#digits = "";
  }

  /** The same order on both screens. */
  #show({ digits, mine, theirs, qr }) {
    const { parts } = this;
    this.#digits = digits;
    parts.theirs.replaceChildren(...groups(theirs).map(group));
    parts.mine.replaceChildren(...groups(mine).map(group));
    const first = digits.startsWith(mine) ? parts.mineBox : parts.theirsBox;
    parts.numbers.prepend(first);
    parts.picture.replaceChildren(qrPicture(qr, say("safety.qr")));
    this.#speak(parts.words.getAttribute("aria-pressed") === "true");
    this.#answerable(true);
  }

  /** Nobody can say that numbers match before they see them. */
  #answerable(isShown) {
    const { parts } = this;
    parts.numbers.hidden = parts.ways.hidden = !isShown;
    parts.same.disabled = parts.differ.disabled = !isShown;
  }

  #toggle(part, show) {
    this.on(part, "click", ({ currentTarget }) => {
      const on = currentTarget.getAttribute("aria-pressed") !== "true";
      currentTarget.setAttribute("aria-pressed", String(on));
      show(on);
    });
  }

  #speak(on) {
    this.parts.numbers.classList.toggle("is-spoken", on);
    for (const words of this.parts.numbers.querySelectorAll(".safety__words")) words.classList.toggle("visually-hidden", !on);
  }

  /** @param {"open"|"verified"|"wrong"} state  @param {string} [focus] the part that gets the focus */
  #turn(state, focus) {
    const { parts } = this;
    this.#verified = state === "verified";
    for (const [name, pane] of Object.entries(PANES)) parts[pane].hidden = name !== state;
    parts.state.className = `safety__state is-${state}`;
    parts.stateText.textContent = say(`safety.state.${state}`);
    setIcon(parts.shield, state === "verified" ? "shield-check" : "shield");
    if (focus) parts[focus].focus();
  }

  /** @returns {Promise<boolean|undefined>} whether it was done, and this still shows the same person */
  #mark(button, verified) {
    const cid = this.#cid;
    return this.attempt(this.parts[button], async (isHere) => {
      await this.source.setVerified(cid, verified);
      if (isHere()) this.#turn(verified ? "verified" : "open", verified ? "fine" : "same");
      this.emit("trust-changed", { cid, verified });
      return isHere();
    });
  }

  async #differ() {
    if (await this.#mark("differ", false)) this.#turn("wrong", "wrong");
  }

  async #copy() {
    const copied = await copyText(groups(this.#digits).join(" "));
    this.emit("say-toast", { text: say(copied ? "toast.copied" : "toast.notCopied") });
  }
}

define("safety-dialog", SafetyDialog);
