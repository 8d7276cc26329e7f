import { drawableImage } from "/static/js/crypto/image-bounds.js";
import { concat, unhex, utf8 } from "/static/js/lib/bytes.js";
import { holds, same } from "./claims.js";

const be = (value) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
const png = (width, height) => concat(unhex("89504e470d0a1a0a0000000d49484452"), be(width), be(height), unhex("0806000000"));

export function what_browsers_draw_is_told_by_its_bytes() {
  same(drawableImage(png(640, 480)), { mime: "image/png", width: 640, height: 480 });
  same(drawableImage(concat(utf8("GIF89a"), unhex("20030a00f70000"))), { mime: "image/gif", width: 800, height: 10 });
  same(drawableImage(unhex("ffd8ffe000104a46494600010100000100010000ffdb000300ffc0001108000a03200301")), { mime: "image/jpeg", width: 800, height: 10 }); // JFIF, a table, the frame
  same(drawableImage(concat(utf8("RIFF...."), utf8("WEBPVP8X"), unhex("0a00000000000000"), unhex("1f0300"), unhex("090000"))), { mime: "image/webp", width: 800, height: 10 });
  same(drawableImage(concat(utf8("RIFF...."), utf8("WEBPVP8L"), unhex("000000002f"), unhex("1f430200"))), { mime: "image/webp", width: 800, height: 10 });
  same(drawableImage(concat(utf8("RIFF...."), utf8("WEBPVP8 "), unhex("000000000000009d012a"), unhex("20030a00"))), { mime: "image/webp", width: 800, height: 10 });
}

export async function engines_agree_about_a_real_picture() {
  for (const mime of ["image/png", "image/jpeg", "image/webp"]) {
    const canvas = new OffscreenCanvas(37, 19);
    canvas.getContext("2d").fillRect(0, 0, 9, 9);
    const blob = await canvas.convertToBlob({ type: mime });
    if (blob.type !== mime) continue; // an engine may not write this kind
    same(drawableImage(new Uint8Array(await blob.arrayBuffer())), { mime, width: 37, height: 19 });
  }
}

export function forty_megapixels_are_the_limit() {
  holds(drawableImage(png(8000, 5000)) !== null, "40 Mpx");
  same([drawableImage(png(8001, 5000)), drawableImage(png(2 ** 31, 2 ** 31)), drawableImage(png(0, 5))], [null, null, null]);
}

export function all_else_is_a_download() {
  for (const text of ["", "<svg xmlns='http://www.w3.org/2000/svg'/>", "%PDF-1.7", "BM", "RIFF1234WAVEfmt ", "GIF8"]) same(drawableImage(utf8(text)), null);
  same([drawableImage(png(1, 1).slice(0, 20)), drawableImage(unhex("ffd8ffe0ffff"))], [null, null]);
}
