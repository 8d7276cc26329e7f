/** A file in a message: its small picture or a sign, its name and size, how far it is on its way, and what went wrong. */
import { hidePicture, showPicture } from "./shown-pictures.js";
import { sizeOf } from "./sizes.js";
import { define, View } from "./view.js";
import { knows, say, sayError } from "./words.js";

export class MessageFile extends View {
  #message = null;
  #thumb = null;
  #stop = null;

  // Most messages have no file: the markup comes with one.
  connectedCallback() {}

  built() {
    for (const part of ["picture", "show"]) this.on(part, "click", () => this.#want("show"));
    this.on("save", "click", () => this.#want("save"));
    this.on("cancel", "click", () => this.#cancel());
  }

  /** @param {object} message of kind file */
  fill(message) {
    const { parts } = this;
    const { file, state } = message;
    this.#message = message;
    parts.name.textContent = file.name;
    parts.size.textContent = sizeOf(file.size);
    this.#showThumb(file.thumb);
    const waits = state === "queued";
    if (!waits && !this.#stop) parts.progress.hidden = true;
    parts.save.setAttribute("aria-label", say("file.save", { name: file.name }));
    parts.show.setAttribute("aria-label", say("file.show", { name: file.name }));
    parts.cancel.setAttribute("aria-label", say(waits ? "file.notSend" : "file.stop", { name: file.name }));
    this.#showWays();
  }

  /** The message was deleted: nothing of it stays in the page. */
  clear() {
    if (!this.#message) return;
    this.#stop?.();
    this.#message = this.#thumb = this.#stop = null;
    hidePicture(this.parts.thumb);
    for (const part of ["name", "size"]) this.parts[part].textContent = "";
    for (const part of ["picture", "show", "save", "cancel"]) this.parts[part].removeAttribute("aria-label");
    this.fail("");
  }

  /** On its way, up or down. @param {number} done  @param {number} total  bytes */
  progress(done, total) {
    if (!this.#message) return;
    const { progress } = this.parts;
    progress.hidden = done >= total && !this.#stop;
    progress.max = total;
    progress.value = done;
    progress.setAttribute("aria-label", say("file.progress", { name: this.#message.file.name }));
  }

  /** It is being fetched. @param {() => void} stop */
  begin(stop) {
    this.#stop = stop;
    this.fail("");
    this.#showWays();
  }

  /** @param {Error} [error] why it was not given */
  end(error) {
    if (!this.#message) return;
    this.#stop = null;
    this.parts.progress.hidden = true;
    this.fail(error && error.code !== "CANCELLED" ? fileWords(error) : "");
    this.#showWays();
  }

  /** @param {string} text */
  fail(text) {
    this.parts.error.hidden = !text;
    this.parts.error.textContent = text;
  }

  #showThumb(thumb) {
    const { parts } = this;
    const hasThumb = Boolean(thumb);
    parts.picture.hidden = !hasThumb;
    parts.sign.hidden = hasThumb;
    this.classList.toggle("has-picture", hasThumb);
    if (!hasThumb || this.#thumb?.length === thumb.bytes.length) return;
    this.#thumb = thumb.bytes;
    parts.thumb.width = thumb.width;
    parts.thumb.height = thumb.height;
    parts.picture.setAttribute("aria-label", say("file.show", { name: this.#message.file.name }));
    showPicture(parts.thumb, thumb);
  }

  #showWays() {
    const { parts } = this;
    const { state, file } = this.#message;
    const waits = state === "queued" || state === "failed";
    parts.cancel.hidden = !(state === "queued" || this.#stop);
    parts.save.hidden = waits || Boolean(this.#stop);
    parts.show.hidden = waits || Boolean(this.#stop) || !file.isPicture || Boolean(file.thumb);
  }

  #cancel() {
    if (this.#stop) this.#stop();
    else this.emit("discard-message", { message: this.#message });
  }

  #want(way) {
    if (!this.#stop) this.emit("file-wanted", { message: this.#message, way, element: this });
  }
}

/** What happened to a file reads otherwise than what happened to a message. @param {{code?: string}} error */
function fileWords(error) {
  const key = `file.${error.code}`;
  return knows(key) ? say(key) : sayError(error);
}

define("message-file", MessageFile);
