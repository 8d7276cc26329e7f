/** Choose a file or drop it; shows its name. */
import { bytesOf } from "./files.js";
import { setIcon } from "./icons.js";
import { define, View } from "./view.js";
import { say } from "./words.js";

const MOST_BYTES = 64 * 1024 * 1024;

export class FileDrop extends View {
  #file = null;
  #title = "";

  built() {
    const { area, input, title } = this.parts;
    this.#title = title.textContent;
    input.addEventListener("change", () => this.#take(input.files[0] ?? null));
    area.addEventListener("dragover", (event) => this.#over(event));
    area.addEventListener("dragleave", () => area.classList.remove("is-over"));
    area.addEventListener("drop", (event) => this.#drop(event));
  }

  /** @returns {boolean} and tells the person when there is no file */
  check() {
    const { input } = this.parts;
    input.setCustomValidity(this.#file ? "" : say("file.choose"));
    const fine = Boolean(this.#file);
    if (!fine) input.reportValidity();
    return fine;
  }

  bytes() {
    return bytesOf(this.#file);
  }

  clear() {
    this.parts.input.value = "";
    this.#take(null);
  }

  #over(event) {
    event.preventDefault();
    this.parts.area.classList.add("is-over");
  }

  #drop(event) {
    event.preventDefault();
    this.parts.area.classList.remove("is-over");
    this.#take(event.dataTransfer.files[0] ?? null);
  }

  #take(file) {
    const { input, title, hint, icon, area } = this.parts;
    this.#file = file && file.size <= MOST_BYTES ? file : null;
    input.setCustomValidity("");
    title.textContent = this.#file?.name ?? (file ? say("file.tooLarge") : this.#title);
    hint.hidden = Boolean(this.#file);
    setIcon(icon, this.#file ? "file" : "upload");
    area.classList.toggle("has-file", Boolean(this.#file));
    if (this.#file) this.emit("file-chosen");
  }
}

define("file-drop", FileDrop);
