/** My menu: lock, key file, account, looks, language, log out, forget this browser. */
import { personName } from "./conversations.js";
import { closeMenu, watchMenu } from "./menus.js";
import { askToNotify, mayNotify } from "./notifications.js";
import { setTheme, theme } from "./theme.js";
import { define, View } from "./view.js";
import { say, sayError } from "./words.js";
import "./bring-dialog.js";
import "./browsers-dialog.js";
import "./forget-dialog.js";
import "./key-file-dialog.js";
import "./passphrase-dialog.js";
import "./root-dialog.js";
import "./user-avatar.js";

export class AppMenu extends View {
  #messenger = null;

  built() {
    const { menu, theme: choice, language, languageForm, notify, receipts } = this.parts;
    watchMenu(menu);
    choice.value = theme();
    choice.addEventListener("change", () => setTheme(choice.value));
    language.addEventListener("change", () => languageForm.requestSubmit());
    receipts.addEventListener("change", () => this.#tellReads(receipts.checked));
    notify.addEventListener("change", () => this.#notify(notify.checked));
    this.on("lock", "click", () => this.#leave(() => this.emit("lock-now")));
    this.on("keyFile", "click", () => this.#leave(() => this.parts.keyFileDialog.open()));
    this.on("browsers", "click", () => this.#leave(() => this.parts.browsersDialog.open()));
    this.on("changePhrase", "click", () => this.#leave(() => this.parts.passphraseDialog.open()));
    this.addEventListener("bring-own-file", ({ detail }) => this.parts.bringDialog.open(detail));
    this.addEventListener("ask-new-root", () => this.parts.rootDialog.open());
    this.on("forget", "click", () => this.#leave(() => this.parts.forgetDialog.open()));
    this.on("shortcuts", "click", () => this.#leave(() => this.emit("show-shortcuts")));
  }

  /** @param {object} messenger */
  set messenger(messenger) {
    const { me } = messenger;
    this.#messenger = messenger;
    for (const name of ["keyFile", "bring", "forget", "browsers", "passphrase", "root"]) this.parts[`${name}Dialog`].messenger = messenger;
    this.parts.browsers.hidden = typeof messenger.browsers !== "function";
    this.parts.changePhrase.hidden = typeof messenger.changePassphrase !== "function";
    this.parts.receiptsChoice.hidden = typeof messenger.readReceipts !== "function";
    if (!this.parts.receiptsChoice.hidden) this.parts.receipts.checked = messenger.readReceipts();
    this.parts.notifyChoice.hidden = typeof messenger.notifications !== "function";
    if (!this.parts.notifyChoice.hidden) this.parts.notify.checked = messenger.notifications() && mayNotify();
    this.parts.avatar.person = me;
    this.parts.name.textContent = personName(me);
    this.parts.user.textContent = `@${me.name}`;
    this.parts.build.hidden = !messenger.build;
    this.parts.build.textContent = messenger.build ? say("menu.build", { build: messenger.build }) : "";
  }

  /** Opens the dialog that checks the key file. */
  checkKeyFile() {
    this.parts.keyFileDialog.open();
  }

  /** @param {string} did of a browser of mine that is to go */
  takeOff(did) {
    this.parts.browsersDialog.open(did);
  }

  async #tellReads(on) {
    const { receipts } = this.parts;
    try {
      await this.#messenger.setReadReceipts(on);
    } catch (error) {
      receipts.checked = !on;
      this.emit("say-toast", { text: sayError(error) });
    }
  }

  async #notify(on) {
    const { notify } = this.parts;
    try {
      const may = !on || (await askToNotify());
      if (may) await this.#messenger.setNotifications(on);
      else this.emit("say-toast", { text: say("notification.refused") });
      notify.checked = on && may;
    } catch (error) {
      notify.checked = !on;
      this.emit("say-toast", { text: sayError(error) });
    }
  }

  #leave(action) {
    closeMenu(this.parts.menu);
    action();
  }
}

define("app-menu", AppMenu);
