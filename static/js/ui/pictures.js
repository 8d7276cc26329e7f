/**
 * Pictures on their way out: a small one for the message, and the whole one drawn anew, so that nothing stays of what a camera wrote
 * into it (place, time, owner). What this browser cannot draw, and what would lose its movement, goes as it is.
 */

const THUMB_MAX_BYTES = 16_384;
const THUMB_TRIES = [[320, 0.75], [320, 0.55], [240, 0.5], [160, 0.45], [96, 0.3]]; // longest side in pixels, quality
const QUALITY = 0.92;
const MOVING = "image/gif";
const PAPER = "#fff"; // under what can be seen through, where the format knows no such thing

/** @typedef {{mime: string, width: number, height: number}} Image measured before it is decoded */

/** @param {Image|null} image @returns {boolean} whether it can be drawn anew without losing anything that one sees */
export const canClean = (image) => image !== null && image.mime !== MOVING;

/**
 * @param {Uint8Array} bytes @param {Image} image
 * @returns {Promise<{thumb: Uint8Array, width: number, height: number}|null>} as it stands upright; null: this browser cannot decode it
 */
export async function look(bytes, image) {
  const bitmap = await decoded(bytes, image);
  if (!bitmap) return null;
  try {
    const { width, height } = bitmap;
    return { thumb: await thumbOf(bitmap), width, height };
  } finally {
    bitmap.close();
  }
}

/** @param {Uint8Array} bytes @param {Image} image @returns {Promise<{bytes: Uint8Array, mime: string}|null>} the same picture and nothing else; null: it cannot be decoded */
export async function cleaned(bytes, image) {
  const bitmap = await decoded(bytes, image);
  if (!bitmap) return null;
  try {
    return await drawn(bitmap, bitmap.width, bitmap.height, image.mime, QUALITY);
  } finally {
    bitmap.close();
  }
}

/** A browser that cannot write a format writes PNG: the name follows. @param {string} name @param {string} mime @returns {string} */
export function renamed(name, mime) {
  return mime === "image/png" ? name.replace(/\.webp$/i, ".png") : name;
}

async function decoded(bytes, { mime }) {
  try {
    return await createImageBitmap(new Blob([bytes], { type: mime }));
  } catch {
    return null;
  }
}

async function thumbOf(bitmap) {
  const longest = Math.max(bitmap.width, bitmap.height);
  let smallest;
  for (const [side, quality] of THUMB_TRIES) {
    const scale = Math.min(1, side / longest);
    const size = [bitmap.width, bitmap.height].map((one) => Math.max(1, Math.round(one * scale)));
    smallest = await drawn(bitmap, ...size, "image/jpeg", quality);
    if (smallest.bytes.length <= THUMB_MAX_BYTES) return smallest.bytes;
  }
  return null;
}

async function drawn(bitmap, width, height, mime, quality) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  if (mime === "image/jpeg") {
    context.fillStyle = PAPER;
    context.fillRect(0, 0, width, height);
  }
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  const blob = await canvas.convertToBlob({ type: mime, quality });
  return { bytes: new Uint8Array(await blob.arrayBuffer()), mime: blob.type };
}
