/** Files of the open chat: dropped, pasted or chosen ones go to the dialog that sends them; those that came are fetched and shown or saved. */
import { watchDrops } from "./drop-zone.js";
import { download } from "./files.js";
import { say } from "./words.js";
import "./message-file.js";
import "./picture-dialog.js";
import "./send-files-dialog.js";

export class ChatFiles {
  #view;
  #messenger;
  #about;

  /** @param {HTMLElement} view the chat  @param {{messenger: () => object, about: () => {cid: string, name: string, canWrite: boolean}}} given */
  constructor(view, { messenger, about }) {
    this.#view = view;
    this.#messenger = messenger;
    this.#about = about;
    const { dropHint } = view.parts;
    view.addEventListener("attach-files", ({ detail }) => this.#send(detail.files));
    view.addEventListener("file-wanted", ({ detail }) => this.#fetch(detail));
    watchDrops(view, { isOpen: () => about().canWrite, show: (over) => (dropHint.hidden = !over), take: (files) => this.#send(files) });
  }

  #send(files) {
    const { cid, name, canWrite } = this.#about();
    if (!canWrite || !files.length) return;
    this.#view.parts.sendFiles.messenger = this.#messenger();
    this.#view.parts.sendFiles.open({ cid, name, files });
  }

  async #fetch({ message, way, element }) {
    const aborter = new AbortController();
    const { signal } = aborter;
    const isWanted = () => !signal.aborted && this.#isWanted(message, way, element);
    const onProgress = (done, total) => (isWanted() ? element.progress(done, total) : aborter.abort());
    element.begin(() => aborter.abort());
    try {
      const file = await this.#messenger().openFile(message.cid, message.id, { onProgress, signal });
      element.end();
      if (isWanted()) await this.#give(file, way, element);
    } catch (error) {
      element.end(error);
    }
  }

  /** A picture is shown over its own chat only; a file may be saved while another one is read, but not after the keys were locked. */
  #isWanted({ cid }, way, element) {
    const isThere = element.isConnected && cid === this.#view.cid;
    return this.#view.isConnected && (way === "save" || isThere);
  }

  async #give(file, way, element) {
    if (way === "save") return download({ name: file.name, bytes: file.data });
    const shown = Boolean(file.image) && (await this.#view.parts.picture.open(file));
    return shown ? undefined : element.fail(say("file.notDrawn"));
  }
}
