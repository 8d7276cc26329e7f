/** The Messenger's half that makes, opens and closes the keys; one step at a time, so that two clicks are never two key sets. */

import { buildOf } from "../crypto/log.js";
import { ChatError } from "./codes.js";
import { Events } from "./events.js";
import { fileOutdated, fileSaved, keyFileState, remindLater } from "./file-care.js";
import { makeAccountFile } from "./key-files.js";
import { Life } from "./life.js";
import { knowBrowsers, nameBrowser, newBrowsers, ownBrowsers, removeBrowser, renewRoot } from "./own-browsers.js";
import { suggestPassphrase } from "./passphrases.js";
import { Queue } from "./schedule.js";

const LIVES = new WeakMap();

/** For the other half. @param {MessengerKeys} messenger @returns {Life} */
export function lifeOf(messenger) {
  return LIVES.get(messenger);
}

/** What it promises stands in docs/architecture.md, "Life of the keys". */
export class MessengerKeys extends EventTarget {
  #life;
  #queue = new Queue();
  /** @type {"online"|"connecting"|"offline"} */
  connection = "offline";
  /** The first digits of the hash of the program that runs here, or null. @type {string|null} */
  build = null;

  /** @param {object} parts of createMessenger */
  constructor(parts) {
    super();
    this.build = buildOf(parts.manifestHash);
    const events = new Events(this);
    const onConnection = (state) => {
      this.connection = state;
      events.emit("connection", { state });
    };
    this.#life = new Life({ ...parts, events, onConnection });
    LIVES.set(this, this.#life);
  }

  /** @returns {{uid: string, name: string, displayName: string}|null} */
  get me() {
    return this.#life.me;
  }

  /** @returns {string|null} phase */
  get phase() {
    return this.#life.phase;
  }

  /** @returns {Promise<{phase: string}>} */
  open() {
    return this.#inTurn(() => this.#life.begin());
  }

  /** @returns {string} */
  suggestPassphrase() {
    return suggestPassphrase();
  }

  /**
   * @param {{passphrase: string, onStep?: (step: "make"|"protect"|"publish"|"log") => void}} wish
   * @returns {Promise<{phase: string}>}
   */
  createKeys(wish) {
    return this.#inTurn(() => this.#life.create(wish));
  }

  /** Needs the passphrase of this browser, for the vault. @param {{passphrase: string}} wish @returns {Promise<{name: string, bytes: Uint8Array}>} */
  makeKeyFile({ passphrase }) {
    return this.#inTurn(async () => {
      const open = await this.#life.opened({ passphrase });
      const { gen, ...file } = await makeAccountFile(open, passphrase);
      await fileSaved(open, gen);
      return file;
    });
  }

  /** @param {{bytes: Uint8Array, passphrase: string}} file @returns {Promise<{phase: string}>} @throws KEYFILE_* */
  proveKeyFile(file) {
    return this.#inTurn(() => this.#life.prove(file));
  }

  /** @param {{passphrase: string}} wish @returns {Promise<{phase: string}>} @throws WRONG_PASSPHRASE */
  unlock(wish) {
    return this.#inTurn(() => this.#life.unlock(wish));
  }

  /**
   * @param {{bytes: Uint8Array, passphrase: string, onStep?: Function, onHistory?: (done: number, total: number) => void}} wish
   * @returns {Promise<{phase: string, notices: string[]}>}
   */
  importKeyFile(wish) {
    return this.#inTurn(() => this.#life.import(wish));
  }

  /**
   * Another browser made new keys of the account, or took this one off it: with the file saved there this browser goes on, and keeps its chats.
   * A file of keys from before a reset opens the messages of that time, and does nothing else.
   * @param {{bytes: Uint8Array, passphrase: string, own?: string}} wish own: the passphrase of this browser, after KEYFILE_OTHER_PASSPHRASE
   * @returns {Promise<{phase: string, notices?: string[]}>} KEYFILE_STALE: it was of former keys @throws KEYFILE_*, LOG_*
   */
  bringKeyFile(wish) {
    return this.#inTurn(() => (this.#opened(), this.#life.bring(wish)));
  }

  /**
   * With a passphrase the new keys are made at once, without one `createKeys` comes next.
   * @param {{name: string, passphrase?: string, onStep?: Function}} wish @returns {Promise<{phase: string}>}
   */
  resetKeys({ name, passphrase, onStep }) {
    return this.#inTurn(async () => {
      const reset = await this.#life.reset({ name });
      return passphrase === undefined ? reset : this.#life.create({ passphrase, onStep });
    });
  }

  /**
   * After STATE_ROLLBACK: this browser gets a new id and new keys through the vault; nothing is lost, and what waits is sealed anew.
   * @param {{passphrase: string}} wish @returns {Promise<{phase: string}>} @throws WRONG_PASSPHRASE
   */
  renewBrowser(wish) {
    return this.#inTurn(() => this.#life.renew(wish));
  }

  /** @returns {Promise<{provedAt: number|null, savedAt: number|null, due: "check"|"renew"|null}>} */
  async keyFile() {
    return keyFileState(this.#opened());
  }

  /** The key file is not asked for in the next days. */
  async remindLater() {
    return remindLater(this.#opened());
  }

  /** Everything kept here, and the next key file, open with another one. @param {{passphrase: string, next: string}} wish @returns {Promise<{phase: string}>} @throws WRONG_PASSPHRASE, PASSPHRASE_* */
  changePassphrase(wish) {
    return this.#inTurn(async () => {
      const reached = await this.#life.changePassphrase(wish);
      await fileOutdated(this.#opened());
      return reached;
    });
  }

  /** @returns {Promise<{did: string, label: string, kind: string, addedAt: number, isThis: boolean}[]>} this one first */
  async browsers() {
    return ownBrowsers(this.#opened());
  }

  /** @returns {Promise<object[]>} own browsers that came since, and that the person has not answered for here; `browsers` events tell of them */
  async newBrowsers() {
    return newBrowsers(this.#opened());
  }

  /** It was the person: these are told of no more, one that came since is. @param {{dids: string[]}} wish */
  async knowBrowsers(wish) {
    return knowBrowsers(this.#opened(), wish);
  }

  /** The name stays in this browser. @param {{did: string, label: string}} wish */
  async nameBrowser(wish) {
    return nameBrowser(this.#opened(), wish);
  }

  /** It reads nothing new from then on; a new key file is due. @param {{did: string, passphrase: string}} wish @throws WRONG_PASSPHRASE, NOT_FOUND, LOG_SELF_FORGED */
  removeBrowser(wish) {
    return this.#inTurn(() => removeBrowser(this.#opened(), wish));
  }

  /** New keys of the account, signed with the old ones; the other browsers leave it, a new key file is due. @param {{passphrase: string}} wish @throws WRONG_PASSPHRASE, LOG_SELF_FORGED */
  renewRoot(wish) {
    return this.#inTurn(() => renewRoot(this.#opened(), wish));
  }

  /** At once, whatever runs: it fails with NOT_UNLOCKED. @returns {Promise<{phase: string}>} */
  async lock() {
    return this.#life.lock();
  }

  /** @returns {Promise<{phase: string}>} */
  takeOver() {
    return this.#inTurn(() => this.#life.begin({ steal: true }));
  }

  /** @returns {Promise<boolean>} true when no other tab is in charge any more; then `open` again */
  turn() {
    return this.#life.turn();
  }

  /** @returns {Promise<{phase: string}>} */
  forgetBrowser() {
    return this.#inTurn(() => this.#life.forget());
  }

  /** The person did something. */
  touch() {
    this.#life.touch();
  }

  /** The network or the page came back. */
  poke() {
    this.#life.open?.line.poke();
  }

  /** The server knows this page's login no more: another tab may have one. */
  loggedOut() {
    this.#life.loggedOut();
  }

  /** The page is left. */
  end() {
    this.#life.end();
  }

  #opened() {
    const { open, phase } = this.#life;
    if (!open || phase !== "open") throw new ChatError("NOT_UNLOCKED");
    return open;
  }

  #inTurn(work) {
    return this.#queue.run(work);
  }
}
