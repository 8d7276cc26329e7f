/** The desk: chats on one side, the open chat on the other; one at a time when narrow. The address never names a chat. */
import { conversationOf } from "./conversations.js";
import { define, View } from "./view.js";
import { sayError } from "./words.js";
import "./chat-view.js";
import "./conversation-list.js";
import "./conversation-row.js";

const LEAST_PX = 260;
const MOST_PX = 480;
const STEP_PX = 20;
const narrow = matchMedia("(max-width: 47.99rem)");

export class ChatDesk extends View {
  #messenger = null;
  #run = 0; // of what was asked for: what comes late opens nothing any more

  built() {
    const { handle } = this.parts;
    this.addEventListener("open-chat", ({ detail }) => this.open(detail.cid));
    this.addEventListener("pick-person", ({ detail }) => this.#startWith(detail.uid));
    this.addEventListener("take-off-browser", ({ detail }) => this.parts.list.takeOff(detail.did));
    this.addEventListener("leave-chat", () => this.#goBack());
    this.on("start", "click", () => this.parts.list.pick());
    handle.addEventListener("pointerdown", (event) => this.#drag(event));
    handle.addEventListener("keydown", (event) => this.#resizeByKey(event));
    this.onPop = ({ state }) => this.#show(state?.cid ?? null);
  }

  connected() {
    addEventListener("popstate", this.onPop);
  }

  disconnected() {
    removeEventListener("popstate", this.onPop);
  }

  /** @param {object} messenger */
  set messenger(messenger) {
    this.#messenger = messenger;
    this.parts.list.messenger = messenger;
    this.parts.chat.messenger = messenger;
    this.#show(history.state?.cid ?? null);
  }

  get cid() {
    return this.parts.chat.cid;
  }

  get chat() {
    return this.parts.chat;
  }

  get list() {
    return this.parts.list;
  }

  /** Opens a chat and remembers the way back. @param {string} cid */
  async open(cid) {
    if (cid === this.cid) return this.parts.chat.focusComposer(true);
    if (history.state?.cid) history.replaceState({ cid, deep: history.state.deep }, "");
    else history.pushState({ cid, deep: true }, "", location.pathname);
    return this.#show(cid);
  }

  /** Everything that a change of the chats touches. @param {string} [cid] of the one that changed, or all */
  refresh(cid) {
    if (!cid || cid === this.cid) this.parts.chat.refresh();
    this.#refreshOthers();
  }

  #refreshOthers() {
    this.parts.list.refresh();
    this.parts.chat.elsewhere = this.#unread(this.cid);
  }

  /** @param {number} step */
  neighbour(step) {
    const cid = this.parts.list.neighbour(step);
    if (cid) this.open(cid);
  }

  #unread(except) {
    return this.#messenger.conversations().reduce((sum, one) => sum + (one.cid === except ? 0 : one.unread || 0), 0);
  }

  async #show(cid) {
    this.#run += 1;
    const known = conversationOf(this.#messenger, cid);
    const { chat, empty, list } = this.parts;
    if (!known && this.cid) chat.close();
    this.classList.toggle("has-chat", Boolean(known));
    chat.hidden = !known;
    empty.hidden = Boolean(known);
    list.selected = known ? cid : null;
    if (!known) return;
    const opened = chat.open(cid);
    this.#refreshOthers();
    chat.focusComposer(true);
    await opened;
  }

  #goBack() {
    const cid = this.cid;
    if (history.state?.deep) history.back();
    else {
      history.replaceState({}, "");
      this.#show(null);
    }
    if (narrow.matches) requestAnimationFrame(() => this.querySelector(`[data-cid="${CSS.escape(cid ?? "")}"]`)?.focus());
  }

  async #startWith(uid) {
    this.#run += 1;
    const run = this.#run;
    try {
      const cid = await this.#messenger.startWith(uid);
      if (run !== this.#run) return;
      this.parts.list.leave();
      await this.open(cid);
    } catch (error) {
      this.emit("say-toast", { text: sayError(error) });
    }
  }

  #width(px) {
    const width = Math.round(Math.min(MOST_PX, Math.max(LEAST_PX, px)));
    this.style.setProperty("--side", `${width}px`);
    this.parts.handle.setAttribute("aria-valuenow", String(width));
  }

  #drag(event) {
    const { handle } = this.parts;
    const rtl = getComputedStyle(this).direction === "rtl";
    const move = ({ clientX }) => this.#width(rtl ? innerWidth - clientX : clientX);
    handle.setPointerCapture(event.pointerId);
    handle.addEventListener("pointermove", move);
    handle.addEventListener("lostpointercapture", () => handle.removeEventListener("pointermove", move), { once: true });
  }

  #resizeByKey(event) {
    const step = { ArrowLeft: -STEP_PX, ArrowRight: STEP_PX }[event.key];
    if (!step) return;
    event.preventDefault();
    this.#width(this.parts.side.offsetWidth + step);
  }
}

define("chat-desk", ChatDesk);
