/** One picture, as large as the window allows, and the way to keep it. */
import { DialogView } from "./dialog-view.js";
import { download } from "./files.js";
import { hidePicture, showPicture } from "./shown-pictures.js";
import { define } from "./view.js";

export class PictureDialog extends DialogView {
  #file = null;

  prepared() {
    this.on("save", "click", () => download({ name: this.#file.name, bytes: this.#file.data }));
  }

  closed() {
    if (this.isOpen) return; // with the next picture, already
    this.#file = null;
    hidePicture(this.parts.picture);
  }

  /** @param {{name: string, data: Blob, image: {mime: string, width: number, height: number}}} file  @returns {Promise<boolean>} false when it could not be drawn */
  async open(file) {
    const { picture, name } = this.parts;
    const { mime, width, height } = file.image;
    this.#file = file;
    name.textContent = picture.alt = file.name;
    Object.assign(picture, { width, height });
    if (!this.isOpen) this.show();
    const drawn = await showPicture(picture, { mime, bytes: file.data });
    if (drawn || !this.isOpen || this.#file !== file) return true;
    this.close();
    return false;
  }
}

define("picture-dialog", PictureDialog);
