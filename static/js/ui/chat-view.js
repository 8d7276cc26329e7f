/** One open chat: its header, its messages, its stop banner, its composer and its dialogs. */
import { ChatFiles } from "./chat-files.js";
import { conversationOf, nameOf } from "./conversations.js";
import { duration } from "./dates.js";
import { download } from "./files.js";
import { setIcon } from "./icons.js";
import { closeMenu, watchMenu } from "./menus.js";
import { contextOf } from "./message-verbs.js";
import { define, View } from "./view.js";
import { say, sayError } from "./words.js";
import "./connection-line.js";
import "./explain-dialog.js";
import "./export-dialog.js";
import "./bring-dialog.js";
import "./chat-file-dialog.js";
import "./earlier-dialog.js";
import "./erase-dialog.js";
import "./message-composer.js";
import "./message-list.js";
import "./read-again-dialog.js";
import "./reach-line.js";
import "./read-file-dialog.js";
import "./renew-dialog.js";
import "./safety-dialog.js";
import "./stop-banner.js";
import "./timer-dialog.js";
import "./user-avatar.js";

const ANSWERED_BY_NUMBERS = new Set(["ROOT_RESET", "ROOT_ROTATED"]);

export class ChatView extends View {
  #messenger = null;
  #cid = null;
  #marked = -1;
  #isMarking = false;
  #drafts = Promise.resolve();
  #deciding = new Set(); // chats whose stop is being answered

  built() {
    watchMenu(this.parts.menu);
    this.on("back", "click", () => this.emit("leave-chat"));
    this.on("trust", "click", () => this.#compare());
    for (const part of ["timer", "timerItem"]) this.on(part, "click", () => this.#dialog("timerDialog"));
    this.on("safety", "click", () => this.#compare());
    this.on("save", "click", () => this.#dialog("saveDialog"));
    this.on("export", "click", () => this.#dialog("exportDialog"));
    this.on("read", "click", () => this.#dialog("readDialog"));
    this.on("list", "read-to-end", () => this.markRead());
    this.on("list", "to-composer", () => this.parts.composer.focus());
    new ChatFiles(this, { messenger: () => this.#messenger, about: () => this.#about() });
    this.addEventListener("file-sent", ({ detail }) => this.#taken(detail.message, true));
    this.addEventListener("explain", ({ detail }) => this.parts.explain.open(detail));
    this.addEventListener("send-text", ({ detail }) => this.#send(detail));
    this.addEventListener("keep-draft", ({ detail }) => this.#keepDraft(detail));
    this.addEventListener("retry-message", ({ detail }) => this.#retry(detail.message));
    this.addEventListener("discard-message", ({ detail }) => this.#discard(detail.message));
    this.addEventListener("read-again", () => this.#dialog("againDialog"));
    this.addEventListener("message-verb", ({ detail }) => this.#verb(detail));
    this.addEventListener("compare-numbers", () => this.#compare());
    this.addEventListener("renew-browser", () => this.#dialog("renewDialog"));
    this.addEventListener("bring-key-file", () => this.#dialog("bringDialog"));
    this.addEventListener("save-evidence", () => this.#try(() => this.#saveEvidence()));
    this.addEventListener("decide", ({ detail }) => this.#decide(detail.choice));
    this.addEventListener("trust-changed", ({ detail }) => this.#trustChanged(detail));
  }

  /** @param {object} messenger */
  set messenger(messenger) {
    this.#messenger = messenger;
    const { list, safetyDialog, saveDialog, exportDialog, readDialog, againDialog, renewDialog, bringDialog, timerDialog, connection } = this.parts;
    for (const part of [list, safetyDialog, saveDialog, exportDialog, readDialog, againDialog, renewDialog, bringDialog, timerDialog]) part.messenger = messenger;
    connection.state = messenger.connection;
  }

  get cid() {
    return this.#cid;
  }

  /** @param {string} cid */
  async open(cid) {
    const conversation = conversationOf(this.#messenger, cid);
    if (!conversation) return;
    if (cid !== this.#cid) this.#closeDialogs();
    this.#cid = cid;
    this.#marked = -1;
    const name = nameOf(conversation);
    this.parts.composer.open({ cid, name });
    this.refresh();
    try {
      await this.parts.list.open(conversation, name);
    } catch (error) {
      this.#toast(error);
    }
  }

  close() {
    this.#closeDialogs();
    this.parts.composer.flush();
    this.#cid = null;
  }

  /** Until what was typed is kept. @returns {Promise<void>} */
  settle() {
    this.parts.composer.flush();
    return this.#drafts;
  }

  /** Everything but the messages, anew. */
  refresh() {
    const conversation = conversationOf(this.#messenger, this.#cid);
    if (!conversation) return;
    const { parts } = this;
    const name = nameOf(conversation);
    parts.avatar.person = conversation.peer;
    parts.name.textContent = name;
    this.#showTrust(conversation);
    this.#showTimer(conversation);
    parts.composer.bring(conversation);
    parts.composer.allow({ canWrite: conversation.canWrite, whyNot: conversation.whyNot, name, timerS: conversation.timerS });
    parts.list.canWrite = conversation.canWrite;
    parts.composer.hidden = Boolean(conversation.blocked);
    parts.stop.show(conversation.blocked, name);
    parts.safetyDialog.refresh(conversation);
    parts.reach.show(conversation.notReached ?? [], name);
    this.#showFormer(conversation);
  }

  /** What was compared stays in sight beside what it is now. */
  async #showFormer({ cid, blocked }) {
    if (!ANSWERED_BY_NUMBERS.has(blocked?.code)) return;
    const former = await this.#messenger.formerNumber?.(cid).catch(() => null);
    if (cid === this.#cid) this.parts.stop.former = former ?? null;
  }

  /** @param {object} message  @param {boolean} isNew */
  put(message, isNew) {
    if (message.cid !== this.#cid) return;
    this.parts.list.put(message, isNew);
    this.#markSoon();
  }

  /** @param {string} cid  @param {string} id  @param {number} done  @param {number} total  bytes of its file that went up */
  transfer(cid, id, done, total) {
    if (cid === this.#cid) this.parts.list.transfer(id, done, total);
  }

  /** @param {string} cid  @param {string} id of a message that is gone */
  remove(cid, id) {
    if (cid === this.#cid) this.parts.list.remove(id);
  }

  /** @param {"online"|"connecting"|"offline"} state */
  set connection(state) {
    this.parts.connection.state = state;
  }

  /** @param {number} count of unread messages in the other chats */
  set elsewhere(count) {
    this.parts.elsewhere.hidden = !count;
    this.parts.elsewhere.textContent = count > 99 ? "99+" : String(count);
  }

  /** Once for all that comes in one go. */
  #markSoon() {
    if (this.#isMarking) return;
    this.#isMarking = true;
    queueMicrotask(() => {
      this.#isMarking = false;
      this.markIfSeen();
    });
  }

  markRead() {
    const seq = this.parts.list.lastSeq;
    if (!this.#cid || document.visibilityState !== "visible" || seq <= this.#marked) return;
    this.#marked = seq;
    this.#try(() => this.#messenger.markRead(this.#cid, seq));
  }

  /** As far as the newest message can be seen. */
  markIfSeen() {
    if (this.parts.list.atNewest) this.markRead();
  }

  focusComposer(gently = false) {
    if (gently) this.parts.composer.focusGently();
    else this.parts.composer.focus();
  }

  #showTrust({ verified, self }) {
    const { trust, trustWords, selfWords, shield, safety } = this.parts;
    trust.hidden = safety.hidden = self;
    selfWords.hidden = !self;
    trust.classList.toggle("is-verified", verified);
    trustWords.textContent = say(verified ? "trust.yes" : "trust.no");
    setIcon(shield, verified ? "shield-check" : "shield");
  }

  #showTimer({ timerS = 0, canWrite }) {
    const { timer, timerWords, timerItem } = this.parts;
    timer.hidden = !timerS;
    timerItem.disabled = timer.disabled = !canWrite;
    if (!timerS) return;
    timerWords.textContent = duration(timerS);
    timer.setAttribute("aria-label", say("timer.header", { time: duration(timerS) }));
    timer.title = say("timer.header", { time: duration(timerS) });
  }

  #about() {
    const conversation = conversationOf(this.#messenger, this.#cid);
    const canWrite = Boolean(conversation?.canWrite && !conversation.blocked);
    return { cid: this.#cid, name: conversation ? nameOf(conversation) : "", canWrite };
  }

  #compare() {
    this.#dialog("safetyDialog");
  }

  /** Numbers that match are the answer to a stop because of new keys. */
  async #trustChanged({ cid, verified }) {
    const conversation = conversationOf(this.#messenger, cid);
    if (verified && ANSWERED_BY_NUMBERS.has(conversation?.blocked?.code)) await this.#try(() => this.#messenger.decide(cid, "continue"));
    this.refresh();
  }

  // One that is hidden with the chat would still keep the page to itself.
  #closeDialogs() {
    closeMenu(this.parts.menu);
    this.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
  }

  #dialog(part) {
    closeMenu(this.parts.menu);
    const conversation = conversationOf(this.#messenger, this.#cid);
    if (!conversation) return;
    this.parts[part].open({ cid: this.#cid, name: nameOf(conversation), verified: conversation.verified, timerS: conversation.timerS ?? 0 });
  }

  #keepDraft({ cid, text }) {
    this.#drafts = this.#drafts.then(() => this.#messenger.setDraft(cid, text)).catch(() => {});
  }

  /** Something is done with one message. */
  #verb({ verb, message, sign, on }) {
    const { cid, id } = message;
    const { composer, earlier, erase } = this.parts;
    const ways = {
      reply: () => composer.begin(contextOf("reply", message, this.parts.name.textContent)),
      edit: () => composer.begin(contextOf("edit", message)),
      erase: () => erase.open(async () => this.#taken(await this.#messenger.erase(cid, id))),
      react: () => this.#try(async () => this.#taken(await this.#messenger.react(cid, id, sign, on))),
      earlier: () => earlier.open(message),
      copy: () => this.parts.list.copy(id),
    };
    ways[verb]();
  }

  /** Whatever the Messenger gives back of a message is shown at once. */
  #taken(message, isNew = false) {
    if (message) this.put(message, isNew);
  }

  async #saveEvidence() {
    const file = await this.#messenger.logEvidence();
    if (file) download(file);
    else this.emit("say-toast", { text: say("evidence.none") });
  }

  async #send({ cid, text, re, edit }) {
    try {
      if (edit) return this.#taken(await this.#messenger.edit(cid, edit, text));
      const message = await this.#messenger.send(cid, text, re ? { re } : undefined);
      return this.#taken(message, true);
    } catch (error) {
      this.#toast(error);
      if (cid === this.#cid) this.parts.composer.restore(text);
      return undefined;
    }
  }

  async #retry({ cid, id }) {
    await this.#try(() => this.#messenger.retry(cid, id));
  }

  async #discard({ cid, id }) {
    const isDone = await this.#try(() => this.#messenger.discard(cid, id));
    if (cid !== this.#cid) return;
    if (isDone) this.parts.list.remove(id);
    this.#focusAfter(this.parts.list);
  }

  async #decide(choice) {
    const cid = this.#cid;
    if (this.#deciding.has(cid)) return;
    this.#deciding.add(cid);
    await this.#try(() => this.#messenger.decide(cid, choice));
    this.#deciding.delete(cid);
    this.refresh();
    if (cid === this.#cid) this.#focusAfter(this.parts.stop);
  }

  // Unless the person went on to something else.
  #focusAfter(part) {
    const { activeElement } = document;
    if (activeElement === document.body || part.contains(activeElement)) this.focusComposer(true);
  }

  async #try(action) {
    try {
      await action();
      return true;
    } catch (error) {
      this.#toast(error);
      return false;
    }
  }

  #toast(error) {
    this.emit("say-toast", { text: sayError(error) });
  }
}

define("chat-view", ChatView);
