/**
 * Which attachments may be drawn: PNG, JPEG, WebP, GIF of at most 40 Mpx, told from their own first bytes and not from what
 * the sender says (protocol.md, section 9). A small file can claim a size that takes all memory, so this comes before any decoder.
 */

import { IMAGE_MAX_PIXELS } from "./labels.js";

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const GIF = [0x47, 0x49, 0x46, 0x38];
const JPEG = [0xff, 0xd8, 0xff];
const RIFF = [0x52, 0x49, 0x46, 0x46];
const WEBP = [0x57, 0x45, 0x42, 0x50];

/** @typedef {{mime: string, width: number, height: number}} Image */

/** @param {Uint8Array} bytes plaintext of an attachment @returns {Image|null} null: not to be drawn, offered as a download */
export function drawableImage(bytes) {
  try {
    const image = imageOf(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    const pixels = image ? image.width * image.height : 0;
    return pixels >= 1 && pixels <= IMAGE_MAX_PIXELS ? image : null;
  } catch (error) {
    if (error instanceof RangeError) return null; // it ends inside its own header
    throw error;
  }
}

function imageOf(bytes, view) {
  if (stands(bytes, 0, PNG)) return { mime: "image/png", width: view.getUint32(16), height: view.getUint32(20) };
  if (stands(bytes, 0, GIF)) return { mime: "image/gif", width: view.getUint16(6, true), height: view.getUint16(8, true) };
  if (stands(bytes, 0, JPEG)) return jpegOf(view);
  if (stands(bytes, 0, RIFF) && stands(bytes, 8, WEBP)) return webpOf(bytes, view);
  return null;
}

// Walks the segments up to the frame header; any other order is no JPEG to draw.
function jpegOf(view) {
  for (let at = 2; view.getUint8(at) === 0xff; ) {
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { mime: "image/jpeg", width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return null;
}

function webpOf(bytes, view) {
  const size = webpSize(String.fromCharCode(...bytes.subarray(12, 16)), view);
  return size && { mime: "image/webp", width: size[0], height: size[1] };
}

function webpSize(chunk, view) {
  if (chunk === "VP8 ") return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
  if (chunk === "VP8X") return [1 + u24(view, 24), 1 + u24(view, 27)];
  if (chunk !== "VP8L") return null;
  const bits = view.getUint32(21, true);
  return [1 + (bits & 0x3fff), 1 + ((bits >>> 14) & 0x3fff)];
}

function u24(view, at) {
  return view.getUint16(at, true) + 65_536 * view.getUint8(at + 2);
}

function stands(bytes, at, wanted) {
  return wanted.every((byte, i) => bytes[at + i] === byte);
}
