/** A QR code as an SVG of one path: made of elements, never of markup in a string. */
import { qrCode } from "../lib/qr.js";

const SVG = "http://www.w3.org/2000/svg";
const QUIET = 4;

/** The dark runs of one row, as pieces of a path. */
function runs(row, y) {
  const pieces = [];
  for (let x = 0; x < row.length; x += 1) {
    if (!row[x]) continue;
    const start = x;
    while (row[x + 1]) x += 1;
    pieces.push(`M${start} ${y}h${x - start + 1}v1H${start}z`);
  }
  return pieces.join("");
}

/** @param {Uint8Array} bytes  @param {string} label for those who listen  @returns {SVGSVGElement} */
export function qrPicture(bytes, label) {
  const { rows, size } = qrCode(bytes);
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", [-QUIET, -QUIET, size + 2 * QUIET, size + 2 * QUIET].join(" "));
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  path.setAttribute("d", rows.map(runs).join(""));
  svg.append(path);
  return svg;
}
