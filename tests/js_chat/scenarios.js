/** The claims of test_chat.py, each a story of people and browsers; run in a page. */

import { ATTACHMENTS } from "./attachments.js";
import { ACROSS } from "./across.js";
import { CHANGES } from "./changes.js";
import { ENDED_EPOCHS } from "./ended-epochs.js";
import { FakeServer } from "./fake-server.js";
import { FAULTS } from "./faults.js";
import { FORMER_KEYS } from "./former-keys.js";
import { HOSTILE } from "./hostile.js";
import { LATER } from "./later.js";
import { OWN_KEYS } from "./own-keys.js";
import { READING } from "./reading.js";
import { SENDING } from "./sending.js";
import { SETUP } from "./setup.js";
import { TABS } from "./tabs.js";
import { TIMERS } from "./timers.js";
import { Browser } from "./harness.js";

/** @param {string} name @returns {Promise<object>} what the browsers complained about, and what the scenario hands on */
export async function run(name) {
  globalThis.faults.length = 0;
  const server = await FakeServer.make();
  const browsers = [];
  let told;
  const browserOf = (person) => {
    browsers.push(new Browser(server, person));
    return browsers.at(-1);
  };
  try {
    told = await SCENARIOS[name]({ server, browserOf });
  } catch (error) {
    const problems = browsers.map(({ person, problems: list }) => [person.name, list]);
    throw new Error(`${error.stack}\n${JSON.stringify({ problems, faults: globalThis.faults })}`);
  } finally {
    browsers.forEach(({ messenger }) => messenger?.end());
  }
  const problems = browsers.flatMap(({ problems: list }) => list.map(({ code, cause }) => (cause ? `${code} ${cause}` : code)));
  return { faults: globalThis.faults, problems, told };
}

const SCENARIOS = {
  ...SETUP,
  ...SENDING,
  ...READING,
  ...CHANGES,
  ...ATTACHMENTS,
  ...TIMERS,
  ...OWN_KEYS,
  ...ACROSS,
  ...FORMER_KEYS,
  ...TABS,
  ...LATER,
  ...ENDED_EPOCHS,
  ...FAULTS,
  ...HOSTILE,
};

export const NAMES = Object.keys(SCENARIOS);
