/** What is said of a file in a message, and what of it may be shown: nothing that the sender says is believed unmeasured. */

import { fromBase64Url } from "../lib/bytes.js";
import { blobLength } from "../crypto/attachment.js";
import { cleanFileName } from "../crypto/file-name.js";
import { drawableImage } from "../crypto/image-bounds.js";
import { PART_BYTES } from "../crypto/labels.js";

const THUMB_MAX_SIDE = 1_024; // pixels; a thumbnail that claims more is none
const PICTURES = new Set(["image/png", "image/jpeg", "image/webp", "image/gif"]); // worth trying; their bytes decide
const NAMES = ["blob", "fk", "size", "hash", "name", "mime", "w", "h", "thumb"];

/** @param {object} content of kind file @returns {object} what a row or an entry keeps of it */
export function fileIn(content) {
  return Object.fromEntries(NAMES.filter((name) => content[name] !== undefined).map((name) => [name, content[name]]));
}

/**
 * @param {object|null|undefined} file as it is kept @returns {{name: string, size: number, width: number|null, height: number|null,
 *   isPicture: boolean, thumb: {mime: string, width: number, height: number, bytes: Uint8Array}|null}|null} for the interface: no key stands in it
 */
export function fileView(file) {
  if (!file) return null;
  const { name, size, mime, w: width = null, h: height = null, thumb } = file;
  return { name: cleanFileName(name), size, width, height, isPicture: PICTURES.has(mime), thumb: thumb ? thumbOf(fromBase64Url(thumb)) : null };
}

/** @param {number} size of the file @returns {number} parts of its blob */
export function partsOf(size) {
  return Math.ceil(blobLength(size) / PART_BYTES);
}

function thumbOf(bytes) {
  const image = drawableImage(bytes);
  return image && Math.max(image.width, image.height) <= THUMB_MAX_SIDE ? { ...image, bytes } : null;
}
