/** No attack: the page works. A change of the client in whose page this fails is judged by no scenario. */

import { PASSPHRASE } from "/tests/js_chat/harness.js";
import { ticked } from "/tests/js_chat/worlds.js";
import { bothReal } from "./bench.js";

/** Two people sign in, write to each other, and one of them locks and comes back. */
export async function sound(world) {
  const { alice, bob, cid } = await bothReal(world);
  await alice.messenger.lock();
  await alice.messenger.unlock({ passphrase: PASSPHRASE });
  await alice.messenger.send(cid, "all is well");
  await bob.sees(cid, "hello", "hi", "all is well");
  await ticked(cid, alice, bob);
}
