/** What a person does with files: sends one, opens one that came (protocol.md, section 9). */

import { concat, fromBase64Url, hex, toBase64Url } from "../lib/bytes.js";
import { blobLength, checkSize, openBlob, sealBlob } from "../crypto/attachment.js";
import { encodeContent } from "../crypto/content.js";
import { cleanFileName } from "../crypto/file-name.js";
import { drawableImage } from "../crypto/image-bounds.js";
import { PART_BYTES } from "../crypto/labels.js";
import { randomBytes } from "../crypto/primitives.js";
import { partsOf } from "./attachments.js";
import { ChatError, codeOf } from "./codes.js";
import { pause } from "./schedule.js";
import { newUuid } from "./uuid.js";
import { queued } from "./verbs.js";
import { messageById } from "./views.js";

const BLOB_ID = /^[0-9a-f]{32}$/; // it becomes part of an address
const MIME = /^[\x21-\x7e]{1,127}$/;
const TRIES = 3; // of one part, when the line breaks off
const AGAIN_MS = 1_000;

/** @param {Uint8Array} bytes @returns {{mime: string, width: number, height: number}|null} a picture that may be drawn, by its own first bytes */
export const pictureIn = drawableImage;

/** Before it is read. @param {object} open Unlocked @param {number} size of a file @throws FILE_TOO_LARGE, FILES_WAITING */
export function checkFile({ uploads }, size) {
  checkSize(size);
  uploads.checkRoom(size);
}

/**
 * @param {object} open Unlocked @param {string} cid
 * @param {{name: string, mime?: string, data: Blob, width?: number, height?: number, thumb?: Uint8Array|null, id?: string}} file
 *   id: of its own, the same again is the same message
 * @returns {Promise<object>} Message, queued @throws FILE_TOO_LARGE, FILES_WAITING, FILE_UNREADABLE, STORAGE_FULL
 */
export async function sendFile(open, cid, { name, mime = "", data, width, height, thumb, id = newUuid() }) {
  const { chats, outbox, uploads, clock } = open;
  chats.get(cid);
  const known = await messageById(open, cid, id);
  if (known) return known;
  checkFile(open, data.size);
  const bytes = await bytesOf(data);
  const fk = randomBytes(32);
  const { blob, hash, size } = await sealBlob(bytes, fk, randomBytes(32));
  const picture = { ...(width && { w: width, h: height }), ...(thumb && { thumb: toBase64Url(thumb) }) };
  const about = { name: cleanFileName(name), mime: MIME.test(mime) ? mime : "application/octet-stream", ...picture };
  const fields = { blob: hex(randomBytes(16)), fk: toBase64Url(fk), size, hash: toBase64Url(hash), ...about };
  const entry = outbox.make({ cid, id, kind: "file", at: clock.now(), fields, waits: true });
  encodeContent({ v: 1, t: "file", id: entry.id, ts: entry.at, ack: {}, ...fields }); // what nobody would take is not kept
  await uploads.keep(entry, blob);
  return queued(open, entry, true);
}

/**
 * Fetches a file and opens it; nothing is given before all of it was checked. A fetch that broke off goes on when it is asked for again.
 * @param {object} open Unlocked @param {string} cid @param {string} id of a Message of kind file
 * @param {{onProgress?: (done: number, total: number) => void, signal?: AbortSignal}} [how]
 * @returns {Promise<{name: string, data: Blob, image: {mime: string, width: number, height: number}|null}>}
 * @throws FILE_*, BAD_COMMIT, BAD_TAG, BAD_PADDING, FILE_GONE, OFFLINE, CANCELLED
 */
export async function openFile(open, cid, id, { onProgress = () => {}, signal } = {}) {
  const { file, isHere } = await fileOf(open, cid, id);
  checkSize(file.size);
  const blob = await fetchBlob(open, { cid, file, isHere }, onProgress, signal);
  const bytes = await openBlob(blob, { fk: fromBase64Url(file.fk), size: file.size, hash: fromBase64Url(file.hash) });
  const data = new Blob([bytes], { type: "application/octet-stream" });
  return { name: cleanFileName(file.name), data, image: drawableImage(bytes) };
}

// A file may have been changed or taken away since it was chosen.
async function bytesOf(data) {
  try {
    return new Uint8Array(await data.arrayBuffer());
  } catch {
    throw new ChatError("FILE_UNREADABLE");
  }
}

async function fileOf({ targets, outbox }, cid, id) {
  const waiting = outbox.files().find((entry) => entry.cid === cid && entry.id === id);
  const file = waiting?.fields ?? (await targets.byId(cid, id))?.value.file;
  if (!file) throw new ChatError("NOT_FOUND");
  if (!BLOB_ID.test(file.blob)) throw new ChatError("FILE_GONE");
  return { file, isHere: Boolean(waiting) };
}

// The parts of the last one that broke off are kept in memory; who fetches has them for himself.
async function fetchBlob(open, about, onProgress, signal) {
  const { blob } = about.file;
  const pieces = open.broken?.blob === blob ? open.broken.pieces : [];
  open.broken = null;
  try {
    await fetchParts(open, { ...about, pieces }, onProgress, signal);
  } catch (error) {
    open.broken = { blob, pieces };
    throw error;
  }
  return concat(...pieces);
}

async function fetchParts(open, { cid, file, isHere, pieces }, onProgress, signal) {
  const total = blobLength(file.size);
  while (pieces.length < partsOf(file.size)) {
    if (signal?.aborted) throw new ChatError("CANCELLED");
    onProgress(Math.min(pieces.length * PART_BYTES, total), total);
    const number = pieces.length;
    const most = Math.min(PART_BYTES, total - number * PART_BYTES);
    const kept = isHere ? await open.db.get("parts", [file.blob, number]) : undefined; // what goes out again after a rewritten past lies at the server only
    pieces.push(kept ?? (await fetchPart(open, { cid, blob: file.blob, number, most }, signal)));
  }
  onProgress(total, total);
}

async function fetchPart({ api, schedule }, { cid, blob, number, most }, signal) {
  for (let left = TRIES - 1; ; left -= 1) {
    try {
      return await api.getPart(cid, blob, number, most, signal);
    } catch (error) {
      if (signal?.aborted) throw new ChatError("CANCELLED");
      if (error.status === 404) throw new ChatError("FILE_GONE");
      if (codeOf(error) !== "OFFLINE" || left === 0) throw error;
      await pause(schedule, AGAIN_MS);
    }
  }
}
