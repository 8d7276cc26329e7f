/**
 * Judges test vectors with the product's own modules: every case is built from `in` and compared with `out`, then the built
 * object is parsed, verified or opened back; `accept` must pass and `refuse` must throw exactly its error, changing nothing.
 */

import { judgeAttachment, judgeKdf, judgeKeyfile, judgeLabel, judgePadme, judgeSafety, judgeSession } from "./js_small.js";
import { judgeBundle, judgeLog, judgePrekey } from "./js_keys.js";
import { judgeEpoch } from "./js_epoch.js";
import { judgeMessage } from "./js_message.js";
import { OBJECTS } from "./js_objects.js";

const TYPES = {
  attachment: judgeAttachment, bundle: judgeBundle, epoch: judgeEpoch, kdf: judgeKdf, keyfile: judgeKeyfile, label: judgeLabel,
  log: judgeLog, message: judgeMessage, padme: judgePadme, prekey: judgePrekey, safety: judgeSafety, session: judgeSession,
};

/** @param {object[]} cases @returns {Promise<{id: string, type: string, ok: boolean, detail: string}[]>} */
export async function judge(cases) {
  const results = [];
  for (const one of cases) results.push(await judgeOne(one));
  return results;
}

async function judgeOne(one) {
  const { id, type } = one;
  try {
    if (type === "accept") await OBJECTS[one.object](one.in);
    else if (type === "refuse") await mustRefuse(one);
    else await TYPES[type](one.in, one.out);
    return { id, type, ok: true, detail: "" };
  } catch (error) {
    return { id, type, ok: false, detail: `${one.what ?? ""}: ${error.code ?? error.stack ?? error}`.slice(0, 600) };
  }
}

async function mustRefuse(one) {
  let passed = false;
  try {
    await OBJECTS[one.object](one.in);
    passed = true;
  } catch (error) {
    if (error.code !== one.error) throw new Error(`wanted ${one.error}, got ${error.code ?? error.stack}`);
  }
  if (passed) throw new Error(`wanted ${one.error}, was accepted`);
}
