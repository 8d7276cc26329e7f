/** The life of the keys in this browser: which phase it is in, and the ways from one to the next. */

import { readCard } from "../store/vault.js";
import { unlockRing } from "./browser-ring.js";
import { ChatError, codeOf } from "./codes.js";
import { importHistory } from "./history.js";
import { fileShown, newestGen, takeHistoryKeys } from "./file-care.js";
import { bringAccount } from "./key-bring.js";
import { checkAccountFile, openVault } from "./key-files.js";
import { importDevice } from "./key-import.js";
import { enterStage, fetchChain, makeAndProtect, publish } from "./keys-setup.js";
import { Charge } from "./locks.js";
import { resumeOwnChange } from "./own-bundle.js";
import { withPassphrase } from "./passphrase-change.js";
import { checkPassphrase } from "./passphrases.js";
import { readAllAgain } from "./read-again.js";
import { renewDevice, resumeRenewal } from "./renewal.js";
import { isListed, isSupported, phaseOf, unpublished } from "./standing.js";
import { Unlocked } from "./unlocked.js";

const IDLE_MS = 15 * 60_000;
const OLD_FILE = "KEYFILE_STALE"; // of an older version of the account, taken all the same

/** @typedef {"setup"|"prove"|"locked"|"import"|"open"|"elsewhere"|"unsupported"} Phase */

/** One for each Messenger. */
export class Life {
  #parts;
  #charge = null;
  #idle = () => {};
  #isReset = false;
  #isChanging = false; // what the keys stand on: the chats are closed for that time
  #locked = 0; // how often: what was begun before opens nothing any more
  me = null;
  db = null;
  card = null;
  /** @type {Unlocked|null} */
  open = null;
  /** @type {Phase|null} */
  phase = null;

  /** @param {object} parts api, createSocket, openDatabase, clock, schedule, locks, storage, marks, origin, events, onConnection(state) */
  constructor(parts) {
    this.#parts = parts;
  }

  /** Finds out where this browser stands. @param {{steal?: boolean}} [how] @returns {Promise<{phase: Phase}>} */
  async begin({ steal = false } = {}) {
    if (!isSupported(this.#parts)) return this.enter("unsupported");
    if (this.open) return { phase: this.phase };
    const { uid, name, display_name: displayName, bundle_version: version } = await this.#parts.api.me();
    this.me = { uid, name, displayName };
    this.#charge ??= new Charge(this.#parts.locks, uid, () => this.#elsewhere("ELSEWHERE"));
    if (!(await this.#charge.take({ steal }))) return this.#aside();
    this.db?.close();
    this.db = await this.#parts.openDatabase(nameOf(uid));
    this.card = (await readCard(this.db)) ?? null;
    const phase = await phaseOf({ api: this.#parts.api, me: this.me, card: this.card }, version);
    const isLost = phase === "import" && this.card === null && this.#parts.marks.has(uid);
    return this.enter(phase, isLost ? "STORAGE_LOST" : undefined);
  }

  /** @returns {Promise<boolean>} true when no other tab is in charge any more, false when this one does not wait any more */
  turn() {
    return this.#charge.wait();
  }

  /** @param {{passphrase: string, onStep?: (step: string) => void}} wish @returns {Promise<{phase: Phase}>} */
  async create({ passphrase, onStep = () => {} }) {
    checkPassphrase(passphrase);
    const parts = this.#keyParts();
    const previous = this.#isReset ? (await fetchChain(parts.api, this.me)).at(-1) ?? null : null;
    const kept = (await unpublished(this.#keyParts(), this.card, passphrase)) ?? (await makeAndProtect(parts, { passphrase, onStep, previous }));
    this.card = kept.card;
    onStep("publish");
    await this.#publish(kept);
    onStep("log");
    const open = await this.#adopt(kept, "prove");
    await open.catchUp();
    this.#isReset = false;
    return this.enter("prove");
  }

  /** @param {{bytes: Uint8Array, passphrase: string}} file @returns {Promise<{phase: Phase}>} */
  async prove({ bytes, passphrase }) {
    const open = await this.opened({ passphrase });
    const account = await checkAccountFile(bytes, passphrase, { me: this.me, rootPub: open.device.own.rootPub });
    await takeHistoryKeys(open, account, passphrase);
    await fileShown(open, newestGen(account));
    if (this.phase === "open") return { phase: "open" };
    this.card = await enterStage(open, this.card, "ready");
    return this.#goOn(open);
  }

  /** Whoever has to prove the key file opens the keys with it; whoever locked them does not. @param {{passphrase: string}} wish @returns {Promise<Unlocked>} @throws NOT_UNLOCKED, WRONG_PASSPHRASE */
  async opened({ passphrase }) {
    if (this.phase === "prove") await this.unlock({ passphrase });
    if (!this.open) throw new ChatError("NOT_UNLOCKED");
    return this.open;
  }

  /** @param {{passphrase: string}} wish @returns {Promise<{phase: Phase}>} @throws WRONG_PASSPHRASE */
  async unlock({ passphrase }) {
    if (this.open) return { phase: this.phase };
    if (!this.card) throw new ChatError("NOT_UNLOCKED");
    const open = await unlockRing(this.db, this.card, passphrase);
    this.card = await resumeRenewal({ ...this.#keyParts(), card: this.card, ring: open.ring });
    await resumeOwnChange({ ...this.#keyParts(), ring: open.ring }).catch(onlyOffline);
    if (this.card.stage === "made") await this.#publish({ card: this.card, open });
    const unlocked = await this.#adopt({ card: this.card, open }, this.card.stage === "made" ? this.card.then : this.card.stage);
    if (this.card.stage === "prove") return this.enter("prove");
    if (this.card.stage === "history") return this.#readHistory(unlocked, await openVault(this.db, passphrase), () => {});
    return this.#goOn(unlocked);
  }

  /** @param {{bytes: Uint8Array, passphrase: string, onStep?: Function, onHistory?: Function}} wish @returns {Promise<{phase: Phase, notices: string[]}>} */
  async import({ bytes, passphrase, onStep = () => {}, onHistory = () => {} }) {
    const stored = await readCard(this.db);
    if (stored?.then === "history" && stored.stage !== "ready" && (await isListed(this.#keyParts(), stored))) {
      this.card = stored; // begun before, and only the answer was lost
      return { ...(await this.unlock({ passphrase })), notices: [] };
    }
    const { account, notices, ...kept } = await importDevice(this.#keyParts(), { bytes, passphrase, onStep });
    const open = await this.#adopt(kept, "history");
    await fileShown(open, newestGen(account));
    onStep("history");
    const reached = await this.#readHistory(open, account, onHistory);
    if (notices.includes(OLD_FILE)) await open.trust.note(OLD_FILE);
    return { ...reached, notices };
  }

  /** What another browser made of the account, or what a file of former keys still opens. @param {{bytes: Uint8Array, passphrase: string, own?: string}} wish own: this browser's, when it is another @returns {Promise<{phase: Phase, notices?: string[]}>} @throws KEYFILE_*, LOG_* */
  async bring({ bytes, passphrase, own = passphrase }) {
    const { isListed, notices } = await bringAccount(this.open, { bytes, passphrase, own });
    if (notices.length > 0) return { phase: this.phase, notices };
    const change = isListed ? async ({ card, open }) => ({ card, open }) : withNewDevice;
    const reached = await this.#onAccount(own, change);
    const { open } = this;
    if (!open) throw new ChatError("NOT_UNLOCKED"); // locked meanwhile
    await open.trust.lift("LOG_SELF_FORGED"); // said once more by a look at the log that began before
    await readAllAgain(open, own); // what came while nobody here could read it
    return reached;
  }

  /** New keys for this browser, the old ones leave the account. @param {{passphrase: string}} wish @returns {Promise<{phase: Phase}>} */
  renew({ passphrase }) {
    return this.#onAccount(passphrase, withNewDevice);
  }

  /** @param {{passphrase: string, next: string}} wish @returns {Promise<{phase: Phase}>} @throws WRONG_PASSPHRASE, PASSPHRASE_* */
  changePassphrase({ passphrase, next }) {
    checkPassphrase(next);
    return this.#anew(passphrase, (parts, account) => withPassphrase(parts, account, next));
  }

  /** Everything here goes; new keys come next. @param {{name: string}} wish @returns {Promise<{phase: Phase}>} @throws WRONG_NAME */
  async reset({ name }) {
    if (name !== this.me.name) throw new ChatError("WRONG_NAME");
    this.close();
    await this.db.clear();
    this.card = null;
    this.#isReset = true;
    return this.enter("setup");
  }

  /** The keys and all plaintext are dropped. @returns {{phase: Phase}} */
  lock() {
    this.#locked += 1;
    const wasOpen = this.open !== null || this.#isChanging;
    this.close();
    return wasOpen ? this.enter(this.card.stage === "prove" ? "prove" : "locked") : { phase: this.phase };
  }

  /** @returns {Promise<{phase: Phase}>} */
  async forget() {
    this.close();
    await this.db?.remove();
    this.#parts.marks.delete(this.me.uid);
    this.db = null;
    this.card = null;
    return this.begin().catch(async () => {
      this.db = await this.#parts.openDatabase(nameOf(this.me.uid)); // it is done, also without a network
      return this.enter("import");
    });
  }

  /** The person is here. */
  touch() {
    this.#idle();
    if (this.open) this.#idle = this.#parts.schedule.after(IDLE_MS, () => this.lock());
  }

  close() {
    this.#idle();
    this.open?.stop();
    this.open = null;
  }

  /** An answer said that this page has no login any more: a tab that has one, or gets one, is in charge. */
  loggedOut() {
    this.#elsewhere();
    this.#parts.events.emit("problem", { code: "LOGIN_REQUIRED" });
  }

  /** Ends it all, for tests and for leaving the page. */
  end() {
    this.close();
    this.#charge?.release();
    this.db?.close();
    this.db = null;
  }

  /** @param {Phase} phase @param {string} [code] @returns {{phase: Phase}} */
  enter(phase, code) {
    this.phase = phase;
    this.#parts.events.emit("phase", code ? { phase, code } : { phase });
    return { phase };
  }

  // As another version of the account has it; without a network the line brings it later.
  async #onAccount(passphrase, change) {
    const reached = await this.#anew(passphrase, change);
    const { open } = this;
    await open?.catchUp().catch((error) => open.events.problem(error));
    return reached;
  }

  // What the keys stand on changes: the chats are closed, and opened again on what it became.
  async #anew(passphrase, change) {
    const locked = this.#locked;
    const account = await openVault(this.db, passphrase);
    this.#checkNotLocked(locked);
    this.close();
    this.#isChanging = true;
    try {
      const open = await unlockRing(this.db, this.card, passphrase);
      const kept = await change({ ...this.#keyParts(), card: this.card, ring: open.ring, open }, account);
      const unlocked = await this.#adopt(kept, kept.card.stage);
      this.#checkNotLocked(locked);
      unlocked.openHistory(account.history.map(({ seed }) => seed));
      return this.#goOn(unlocked);
    } catch (error) {
      if (locked === this.#locked) this.enter("locked", codeOf(error));
      throw error;
    } finally {
      this.#isChanging = false;
    }
  }

  #checkNotLocked(locked) {
    if (locked === this.#locked) return;
    this.close();
    throw new ChatError("NOT_UNLOCKED");
  }

  async #publish(kept) {
    try {
      await publish(this.#keyParts(), kept);
    } catch (error) {
      if (codeOf(error) === "KEYS_EXIST") {
        await this.db.clear(); // never published, so nobody knows these keys
        this.card = null;
        this.enter("import", "KEYS_EXIST");
      }
      throw error;
    }
  }

  // The open ring becomes the running chat, still without a line.
  async #adopt({ card, open }, stage) {
    this.card = card.stage === stage ? card : await enterStage(open, card, stage);
    const { onConnection, ...parts } = this.#parts;
    const unlocked = new Unlocked({ ...parts, db: this.db, open, card: this.card, me: this.me, onConnection, onReplaced: () => this.#elsewhere() });
    try {
      await unlocked.load();
      if (!this.#charge.isHeld) throw new ChatError("NOT_UNLOCKED"); // another tab has it meanwhile
    } catch (error) {
      unlocked.stop();
      throw error;
    }
    this.open = unlocked;
    this.touch();
    return unlocked;
  }

  async #readHistory(open, account, onHistory) {
    await importHistory(open, account, onHistory);
    this.card = await enterStage(open, this.card, "ready");
    return this.#goOn(open);
  }

  #goOn(open) {
    if (this.open !== open) throw new ChatError("NOT_UNLOCKED"); // locked meanwhile
    const { events, storage, marks } = this.#parts;
    marks.add(this.me.uid);
    events.guard(open.connect());
    // Never awaited: one engine does not answer until the person does, another has no such thing.
    if (storage?.persist) events.guard(storage.persist());
    return this.enter("open");
  }

  // Another tab has the charge: it will say where everything stands.
  #aside() {
    this.phase = "elsewhere";
    return { phase: this.phase };
  }

  /** @param {"ELSEWHERE"} [why] another tab took over; else another browser has a copy of these keys */
  #elsewhere(why) {
    this.#locked += 1;
    this.close();
    this.#charge?.release();
    this.db?.close();
    this.enter("elsewhere", why);
  }

  #keyParts() {
    const { api, origin, clock } = this.#parts;
    return { api, db: this.db, me: this.me, origin, clock };
  }
}

const withNewDevice = async (parts, account) => ({ card: await renewDevice(parts, account), open: parts.open });

const nameOf = (uid) => `llave:${uid}`; // of the database

function onlyOffline(error) {
  if (codeOf(error) !== "OFFLINE") throw error;
}
