/** What is about to be sent: each file with its small picture, name and size, and whether pictures go without what a camera wrote into them. */
import { DialogView } from "./dialog-view.js";
import { bytesOf } from "./files.js";
import { canClean, cleaned, look, renamed } from "./pictures.js";
import { showPicture } from "./shown-pictures.js";
import { sizeOf } from "./sizes.js";
import { build } from "./templates.js";
import { define } from "./view.js";
import { say, sayError } from "./words.js";

const MOST_FILES = 10;
const HEAD_BYTES = 1024 * 1024; // in which a picture says its size, behind what a camera wrote first

export class SendFilesDialog extends DialogView {
  #messenger = null;
  #cid = null;
  #items = [];

  prepared() {
    this.on("form", "submit", (event) => this.#submit(event));
    this.on("cancel", "click", () => this.close());
    this.on("keep", "change", () => this.#showNotes());
  }

  /** @param {object} messenger */
  set messenger(messenger) {
    this.#messenger = messenger;
  }

  /** @param {{cid: string, name: string, files: File[]}} given */
  async open({ cid, name, files }) {
    const { parts } = this;
    this.#cid = cid;
    parts.title.textContent = say("files.title", { name });
    parts.keep.checked = false;
    this.fail(null);
    if (!this.isOpen) this.#begin();
    const isHere = this.watch();
    for (const file of files.slice(0, MOST_FILES - this.#items.length)) {
      await this.#add(file);
      if (!isHere()) return;
    }
    if (files.length > MOST_FILES) parts.error.hidden = false;
    if (files.length > MOST_FILES) parts.error.textContent = say("files.tooMany", { count: MOST_FILES });
  }

  closed() {
    this.#items = [];
    this.parts.list.replaceChildren();
  }

  #begin() {
    this.#items = [];
    this.parts.list.replaceChildren();
    this.#showNotes();
    this.show();
  }

  async #add(file) {
    const { fragment, parts } = build("file-to-send");
    const item = { file, isRead: false, image: null, bytes: null, seen: null, note: parts.note, row: fragment.firstElementChild };
    parts.name.textContent = file.name;
    parts.size.textContent = sizeOf(file.size);
    parts.remove.setAttribute("aria-label", say("files.remove", { name: file.name }));
    parts.remove.addEventListener("click", () => this.#remove(item));
    this.#items.push(item);
    this.parts.list.append(fragment);
    this.#showNotes();
    await this.#read(item, parts);
    this.#showNotes();
  }

  // A file that is too large is not read at all, one that is no picture not before it is sent.
  async #read(item, { thumb, sign }) {
    try {
      await this.#messenger.checkFile(item.file.size);
      item.image = this.#messenger.pictureIn(await bytesOf(item.file.slice(0, HEAD_BYTES)));
      item.bytes = item.image && (await bytesOf(item.file));
      item.seen = item.image && (await look(item.bytes, item.image));
      item.isRead = true;
      if (!item.seen?.thumb) return;
      thumb.hidden = !(await showPicture(thumb, { mime: "image/jpeg", bytes: item.seen.thumb }));
      sign.hidden = !thumb.hidden;
    } catch (error) {
      item.problem = sayError(error);
    }
  }

  #remove(item) {
    this.#items = this.#items.filter((one) => one !== item);
    item.row.remove();
    if (!this.#items.length) return this.close();
    this.#showNotes();
    return this.parts.send.focus();
  }

  #showNotes() {
    const { keep, keepLine, send } = this.parts;
    keepLine.hidden = !this.#items.some(({ image, seen }) => seen && canClean(image));
    for (const item of this.#items) showNote(item, noteOf(item, keep.checked));
    send.disabled = !this.#items.length || this.#items.some(({ isRead, problem }) => !isRead || problem);
  }

  #submit(event) {
    event.preventDefault();
    this.attempt(this.parts.send, (isHere) => this.#send(isHere));
  }

  // What could not be taken stays in the dialog, with the reason; closing it keeps the rest here.
  async #send(isHere) {
    const [cid, keep] = [this.#cid, this.parts.keep.checked];
    for (const item of [...this.#items]) {
      const file = await fileOf(item, keep);
      if (!isHere()) return;
      const message = await this.#messenger.sendFile(cid, file);
      this.emit("file-sent", { message });
      if (!isHere()) return;
      this.#items.shift();
      item.row.remove();
    }
    this.close();
  }
}

async function fileOf({ file, bytes, image, seen }, keep) {
  const about = { name: file.name, mime: image?.mime ?? file.type, data: file, ...(seen && { width: seen.width, height: seen.height, thumb: seen.thumb }) };
  if (keep || !seen || !canClean(image)) return about;
  const clean = await cleaned(bytes, image);
  return clean ? { ...about, mime: clean.mime, data: new Blob([clean.bytes]), name: renamed(file.name, clean.mime) } : about;
}

// Only what is drawn anew surely says nothing more than one sees.
function noteOf({ file, image, seen, problem }, keep) {
  if (problem) return problem;
  const isPicture = Boolean(image) || file.type.startsWith("image/");
  if (!isPicture) return "";
  return say(seen && canClean(image) && !keep ? "files.cleaned" : "files.asIs");
}

function showNote({ note, problem }, text) {
  note.textContent = text;
  note.hidden = !text;
  note.classList.toggle("is-problem", Boolean(problem));
}

define("send-files-dialog", SendFilesDialog);
