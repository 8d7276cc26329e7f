/** Where one writes: grows to six lines, Enter sends, drafts are kept, and when writing is not possible it says why. */
import { duration } from "./dates.js";
import { define, View } from "./view.js";
import { say, sayCode } from "./words.js";

const MOST_CHARACTERS = 16_000;
const COUNT_FROM = 15_500;
const DRAFT_PAUSE_MS = 400;
/** On a screen keyboard Enter breaks the line, for there is no Shift to hold; the button sends. */
const touch = matchMedia("(hover: none) and (pointer: coarse)");

export class MessageComposer extends View {
  #allowed = ""; // what was allowed last: to look at the height of the field costs a layout
  #cid = null;
  #timer = 0;
  #isKept = true;
  #isTouched = false; // since the chat was opened
  #isTimed = false; // the field says so, which may take more than one line
  #composing = false;
  #about = null;

  built() {
    const { text } = this.parts;
    text.enterKeyHint = touch.matches ? "enter" : "send";
    this.on("form", "submit", (event) => this.#submit(event));
    text.addEventListener("input", () => this.#changed());
    text.addEventListener("keydown", (event) => this.#key(event));
    text.addEventListener("compositionstart", () => (this.#composing = true));
    text.addEventListener("compositionend", () => (this.#composing = false));
    this.on("attach", "click", () => this.parts.files.click());
    this.on("files", "change", () => this.#chosen());
    text.addEventListener("paste", (event) => this.#pasted(event));
    this.on("bring", "click", () => this.emit("bring-key-file"));
    this.on("contextClose", "click", () => this.leaveContext());
    this.on("form", "pointerdown", (event) => event.target.closest("button") && event.preventDefault());
  }

  /** Another chat: keeps the old draft. @param {{cid: string, name: string}} given */
  open({ cid, name }) {
    this.leaveContext();
    this.flush();
    this.#cid = cid;
    this.#isTouched = false;
    this.parts.text.value = "";
    this.parts.text.setAttribute("aria-label", say("composer.label", { name }));
    this.#fit();
  }

  /** A draft that was kept, as long as nobody wrote here since the chat was opened. @param {{cid: string, draft: string}} conversation */
  bring({ cid, draft }) {
    const { text } = this.parts;
    if (cid !== this.#cid || this.#isTouched || text.value === draft) return;
    text.value = draft;
    this.#fit();
  }

  /** @param {{canWrite: boolean, whyNot: string|null, name: string, timerS?: number}} given */
  allow({ canWrite, whyNot, name, timerS = 0 }) {
    const wish = JSON.stringify([canWrite, whyNot, name, timerS]);
    if (wish === this.#allowed) return;
    this.#allowed = wish;
    const { why, form, text } = this.parts;
    why.hidden = canWrite;
    form.hidden = !canWrite;
    text.disabled = !canWrite;
    text.placeholder = timerS ? say("composer.timer", { time: duration(timerS) }) : say("composer.empty");
    this.#isTimed = timerS > 0;
    this.parts.bring.hidden = whyNot !== "DEVICE_REMOVED_HERE";
    if (!canWrite) why.textContent = sayCode(whyNot ?? "BLOCKED", { name });
    this.#fit();
  }

  /** Focus when a chat opens, but no keyboard pops up on a touch screen. */
  focusGently() {
    if (!touch.matches) this.focus();
  }

  focus() {
    this.parts.text.focus({ preventScroll: true });
  }

  /** A text that could not be taken comes back, unless something else was begun. @param {string} text */
  restore(text) {
    if (!this.parts.text.value) this.parts.text.value = text;
    this.#changed();
  }

  /**
   * What is written next answers a message, or replaces it; what was being written waits meanwhile.
   * @param {{re?: string, edit?: string, title: string, text: string, body?: string}} about
   */
  begin(about) {
    this.leaveContext();
    this.#isTouched = true;
    const { context, contextTitle, contextText, text } = this.parts;
    this.#about = { ...about, waiting: text.value };
    context.hidden = false;
    contextTitle.textContent = about.title;
    contextText.textContent = about.text;
    if (about.body !== undefined) text.value = about.body;
    this.#fit();
    this.focus();
  }

  leaveContext() {
    const about = this.#about;
    if (!about) return;
    this.#about = null;
    this.parts.context.hidden = true;
    if (about.edit) this.parts.text.value = about.waiting;
    this.#fit();
    this.focusGently();
  }

  /** Hands the draft over now; a text that replaces another is none. */
  flush() {
    clearTimeout(this.#timer);
    if (this.#isKept || !this.#cid || this.#about?.edit) return;
    this.#isKept = true;
    this.emit("keep-draft", { cid: this.#cid, text: this.parts.text.value });
  }

  disconnected() {
    clearTimeout(this.#timer);
  }

  // The same file may be chosen again.
  #chosen() {
    const { files } = this.parts;
    this.emit("attach-files", { files: [...files.files] });
    files.value = "";
  }

  // A copied picture; text that was copied along with one stays text.
  #pasted(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    this.emit("attach-files", { files });
  }

  #changed() {
    this.#isKept = false;
    this.#isTouched = true;
    this.#fit();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), DRAFT_PAUSE_MS);
  }

  #key(event) {
    if (event.key === "Escape" && this.#about) {
      event.stopPropagation();
      return this.leaveContext();
    }
    const writes = event.isComposing || this.#composing || event.keyCode === 229;
    if (event.key !== "Enter" || event.shiftKey || event.altKey || writes || touch.matches) return undefined;
    event.preventDefault();
    return this.parts.form.requestSubmit();
  }

  #submit(event) {
    event.preventDefault();
    const text = this.parts.text.value.replace(/^\s*\n|\s+$/g, "");
    if (!text || length(text) > MOST_CHARACTERS) return;
    const { re, edit } = this.#about ?? {};
    if (!edit) this.parts.text.value = "";
    this.#isKept = false;
    this.#isTouched = true;
    clearTimeout(this.#timer);
    this.leaveContext();
    this.#fit();
    this.emit("send-text", { cid: this.#cid, text, re, edit });
    this.flush();
    this.focus();
  }

  #fit() {
    const { text, left, send } = this.parts;
    text.style.blockSize = "auto"; // one line, which an empty one needs not be measured for
    if (text.value || this.#isTimed) text.style.blockSize = `${text.scrollHeight}px`;
    const count = text.value.length > COUNT_FROM / 2 ? length(text.value) : text.value.length;
    left.hidden = count < COUNT_FROM;
    if (!left.hidden) left.textContent = say("composer.left", { count: MOST_CHARACTERS - count });
    left.classList.toggle("is-over", count > MOST_CHARACTERS);
    send.disabled = !text.value.trim() || count > MOST_CHARACTERS;
  }
}

/** Characters as the protocol counts them: code points. */
const length = (text) => [...text].length;

define("message-composer", MessageComposer);
