/** Files of the made-up Messenger: a picture and a plan in a chat, what is sent goes up in steps, what is fetched comes down in steps. */

import { drawableImage } from "/static/js/crypto/image-bounds.js";

const TOTAL = 2_400_000;

async function drawing(width, height, type = "image/jpeg") {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  const sky = context.createLinearGradient(0, 0, width, height);
  ["#0b5c66", "#e9b872", "#f3ecd9"].forEach((colour, at) => sky.addColorStop(at / 2, colour));
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height);
  context.fillStyle = "#c1440e";
  context.beginPath();
  context.arc(width * 0.7, height * 0.35, Math.min(width, height) * 0.16, 0, 7);
  context.fill();
  return new Uint8Array(await (await canvas.convertToBlob({ type })).arrayBuffer());
}

async function fileOf(name, size, [width, height] = []) {
  const thumb = width ? { mime: "image/jpeg", width, height, bytes: await drawing(width, height) } : null;
  return { name, size, width: width ?? null, height: height ?? null, isPicture: Boolean(width), thumb };
}

/** The verbs for files, for one FakeMessenger. */
export const FILES = {
  pictureIn: (bytes) => drawableImage(bytes),

  async checkFile(size) {
    if (size > 100_000_000) throw Object.assign(new Error("FILE_TOO_LARGE"), { code: "FILE_TOO_LARGE" });
  },

  async sendFile(cid, given) {
    this.calls.push(["sendFile", given.name, given.data.size, Boolean(given.thumb)]);
    if (this.scene === "full") throw Object.assign(new Error("STORAGE_FULL"), { code: "STORAGE_FULL" });
    const thumb = given.thumb ? { ...drawableImage(given.thumb), bytes: given.thumb } : null;
    const file = { name: given.name, size: given.data.size, width: null, height: null, isPicture: Boolean(thumb), thumb };
    return this.putFile(cid, { mine: true, file, state: "queued", seq: null });
  },

  async openFile(cid, id, { onProgress, signal }) {
    const { file } = await this.message(cid, id);
    for (let done = 0; done <= TOTAL; done += TOTAL / 4) {
      onProgress(done, TOTAL);
      await new Promise((resolve) => setTimeout(resolve, this.delay ?? 5));
      if (signal.aborted) throw Object.assign(new Error("CANCELLED"), { code: "CANCELLED" });
    }
    if (this.fails) throw Object.assign(new Error(this.fails), { code: this.fails });
    const bytes = file.thumb ? await drawing(1200, 800) : new TextEncoder().encode("the plan");
    return { name: file.name, data: new Blob([bytes]), image: drawableImage(bytes) };
  },

  putFile(cid, more) {
    const message = { id: `file-${this.talks.get(cid).length}`, cid, kind: "file", text: "", at: Date.now(), state: "sent", ...more };
    this.talks.get(cid).push(message);
    this.emit("message", { message, isNew: true });
    return message;
  },

  /** A picture and a plan of the other one, mine on its way, and one that failed. */
  async fillFiles(cid) {
    const next = () => Math.max(...this.talks.get(cid).map(({ seq }) => seq ?? 0)) + 1;
    this.putFile(cid, { mine: false, file: await fileOf("sunset over the garden.jpg", 2_345_678, [320, 213]), seq: next() });
    this.putFile(cid, { mine: false, file: await fileOf("plan-for-the-shed-and-the-bench-with-all-measures-2026-final.pdf", 720_000), seq: next() });
    this.putFile(cid, { mine: true, file: await fileOf("portrait.png", 345_678, [213, 320]), state: "delivered", seq: next() });
    const going = this.putFile(cid, { mine: true, file: await fileOf("film.mp4", 48_000_000), state: "queued", seq: null });
    this.putFile(cid, { mine: true, file: await fileOf("too much.zip", 99_000_000), state: "failed", code: "QUOTA_FULL", seq: null });
    this.emit("transfer", { cid, id: going.id, done: 17_000_000, total: 48_000_000 });
  },
};
