/** After how long the messages of a chat disappear, for both people. */
import { duration } from "./dates.js";
import { DialogView } from "./dialog-view.js";
import { build } from "./templates.js";
import { define } from "./view.js";
import { say } from "./words.js";

const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;
const CHOICES_S = [0, HOUR_S, 8 * HOUR_S, DAY_S, 7 * DAY_S, 28 * DAY_S];

export class TimerDialog extends DialogView {
  #cid = null;

  prepared() {
    this.on("form", "submit", (event) => this.#choose(event));
  }

  /** @param {object} messenger */
  set messenger(messenger) {
    this.source = messenger;
  }

  /** @param {{cid: string, name: string, timerS: number}} given */
  open({ cid, name, timerS }) {
    this.#cid = cid;
    this.fail(null);
    this.parts.lead.textContent = say("timer.lead", { name });
    this.parts.choices.replaceChildren(...choicesWith(timerS).map((seconds) => choice(seconds, seconds === timerS)));
    this.show();
    this.parts.choices.querySelector(":checked").focus();
  }

  async #choose(event) {
    event.preventDefault();
    const timerS = Number(new FormData(this.parts.form).get("timer"));
    await this.attempt(this.parts.go, async (isHere) => {
      await this.source.setTimer({ cid: this.#cid, timerS });
      if (isHere()) this.close();
    });
  }
}

// Another client may have chosen something in between.
function choicesWith(timerS) {
  return [...new Set([...CHOICES_S, timerS])].sort((a, b) => a - b);
}

function choice(seconds, isChosen) {
  const { fragment, parts } = build("timer-choice");
  parts.input.value = String(seconds);
  parts.input.checked = isChosen;
  parts.words.textContent = seconds ? say("timer.after", { time: duration(seconds) }) : say("timer.never");
  return fragment.firstElementChild;
}

define("timer-dialog", TimerDialog);
