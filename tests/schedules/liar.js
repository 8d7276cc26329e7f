/** Between one browser and the server: a past of its own for that browser, without an event, or with another record in its place. */

import { fromBase64Url, toBase64Url } from "/static/js/lib/bytes.js";
import { parseRecord } from "/static/js/crypto/epoch.js";
import { sha256 } from "/static/js/crypto/primitives.js";

/** Takes over the ways of a client of FakeServer. */
export class Liar {
  #server;
  #client;
  #posted = new Map(); // client id -> frame of a record
  #hidden = null; // {cid, seq}
  #forked = null; // {cid, event}
  #seen = new Map(); // cid -> the newest event that the browser was given
  wantsFork = false;

  /** @param {object} server @param {object} client */
  constructor(server, client) {
    this.#server = server;
    this.#client = client;
    const { fetch, open } = client;
    client.fetch = async (path, options) => {
      const response = await fetch(this.#path(path), options);
      return { ...response, json: async () => this.#shown(await response.json()) };
    };
    client.open = () => this.#tapped(open());
  }

  /** The browser shall never see this event. @param {string} cid @param {number} seq */
  hide(cid, seq) {
    this.#hidden = { cid, seq };
  }

  /** @returns {number|null} since when this browser follows a record of its own that nobody else has */
  get forkedAt() {
    return this.#forked?.event.seq ?? null;
  }

  #tapped(socket) {
    const [send, push] = [socket.send.bind(socket), socket.push.bind(socket)];
    socket.send = (text) => send(JSON.stringify(this.#asked(JSON.parse(text))));
    socket.push = (frame) => {
      const answer = this.#shown(frame);
      if (answer instanceof Promise) answer.then(push);
      else push(answer);
    };
    return socket;
  }

  #path(path) {
    if (!this.#hidden || !path.includes(`/${this.#hidden.cid}/events/?`)) return path;
    const url = new URL(path, "https://chat.test");
    url.searchParams.set("after", this.#real(Number(url.searchParams.get("after"))));
    return url.pathname + url.search;
  }

  #asked(frame) {
    if (frame.f === "post" && frame.kind === "record") this.#posted.set(frame.client_id, frame);
    if (frame.f !== "pull" || frame.cid !== this.#hidden?.cid) return frame;
    return { ...frame, after: this.#real(frame.after) };
  }

  #real(seq) {
    return seq >= this.#hidden.seq ? seq + 1 : seq;
  }

  #told(cid, seq) {
    return cid === this.#hidden?.cid && seq >= this.#hidden.seq ? seq - 1 : seq;
  }

  #shown(body) {
    if (body.f === "refused") return this.#refused(body);
    if (body.f === "events") return this.#page(body);
    const shown = { ...body };
    if (body.heads) shown.heads = Object.fromEntries(Object.entries(body.heads).map(([cid, seq]) => [cid, this.#told(cid, seq)]));
    if (body.conversations) shown.conversations = body.conversations.map((one) => ({ ...one, seq: this.#told(one.cid, one.seq) }));
    if (body.cid && body.seq !== undefined) shown.seq = this.#told(body.cid, body.seq);
    return shown;
  }

  #page(page) {
    const { cid } = page;
    this.#seen.set(cid, Math.max(page.to, this.#seen.get(cid) ?? 0));
    const kept = page.items.filter(({ seq }) => !(cid === this.#hidden?.cid && seq === this.#hidden.seq));
    const items = kept.map((item) => ({ ...this.#instead(cid, item), seq: this.#told(cid, item.seq) }));
    const from = cid === this.#hidden?.cid && page.from > this.#hidden.seq ? page.from - 1 : page.from;
    return { ...page, items, from, to: from + items.length - 1 };
  }

  #instead(cid, item) {
    return this.#forked?.cid === cid && this.#forked.event.seq === item.seq ? this.#forked.event : item;
  }

  // The loser of a race is told that it won, unless it was given the winner's record meanwhile: then there is no other past to follow.
  #refused(body) {
    const frame = this.#posted.get(body.client_id);
    if (!this.wantsFork || this.#forked || !frame || body.code !== "EPOCH_CONFLICT") return body;
    return this.#fork(frame, body);
  }

  async #fork({ cid, client_id: clientId, blob }, refusal) {
    const winner = this.#server.conversations.get(cid).events.findLast(({ kind }) => kind === "record");
    if ((await epochOf(winner.blob)) !== (await epochOf(blob))) return refusal; // it lost against an earlier one
    const mine = { uid: this.#client.person.uid, did: this.#client.did, client_id: clientId, blob, sha256: toBase64Url(await sha256(fromBase64Url(blob))) };
    if ((this.#seen.get(cid) ?? 0) >= winner.seq) return refusal;
    this.#forked = { cid, event: { ...winner, ...mine } };
    return { f: "accepted", cid, client_id: clientId, seq: winner.seq, sha256: mine.sha256, dup: false };
  }
}

async function epochOf(blob) {
  return (await parseRecord(fromBase64Url(blob))).core.epoch;
}
