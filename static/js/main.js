/** The only composition root: tries the browser, puts the parts together, hands the Messenger to the page. */
import { createMessenger } from "./chat/messenger.js";
import { browserClock, browserSchedule } from "./chat/schedule.js";
import { dh, generateEd25519, generateX25519, sha256, sign, verify, wipe } from "./crypto/primitives.js";
import { utf8 } from "./lib/bytes.js";
import { openDatabase } from "./store/database.js";
import { createApi } from "./transport/api.js";
import { socketMaker } from "./transport/socket.js";
import "./ui/chat-app.js";

const TOUCH_EVERY_MS = 15_000;
const SAMPLE = new Uint8Array(32);

/** Both kinds of keys, made and used: what a browser says about itself is not asked. */
async function canDoKeys() {
  try {
    const [one, other, signer] = [await generateX25519(), await generateX25519(), await generateEd25519()];
    await dh(one.seed, other.pub);
    await verify(signer.pub, await sign(signer.seed, SAMPLE), SAMPLE);
    wipe(one.seed, other.seed, signer.seed);
    return true;
  } catch {
    return false;
  }
}

async function obstacle() {
  if (!window.isSecureContext) return "insecure";
  const hasAll = Boolean(navigator.locks && window.indexedDB && window.WebSocket && Intl.Segmenter);
  return hasAll && (await canDoKeys()) ? null : "unsupported";
}

/** What this page may run is its import map; the hash of its text names the release. */
async function manifestHash() {
  const map = document.querySelector('script[type="importmap"]');
  return map ? sha256(utf8(map.textContent)) : null;
}

async function compose({ dataset }) {
  const { origin, host, protocol } = location;
  const onLoginRequired = () => messenger.loggedOut();
  const api = createApi({ fetch: window.fetch.bind(window), csrf: dataset.csrf, onLoginRequired });
  const url = `${protocol === "https:" ? "wss:" : "ws:"}//${host}/ws/`;
  const createSocket = socketMaker({ url, api, schedule: browserSchedule });
  const found = { manifestHash: await manifestHash(), locks: navigator.locks, origin };
  const messenger = createMessenger({ api, createSocket, openDatabase, clock: browserClock, schedule: browserSchedule, ...found });
  return messenger;
}

/** The network, the page or the person came back. */
function follow(messenger) {
  let touched = 0;
  const touch = () => {
    if (Date.now() - touched < TOUCH_EVERY_MS) return;
    touched = Date.now();
    messenger.touch();
  };
  for (const type of ["pointerdown", "keydown", "scroll"]) addEventListener(type, touch, { capture: true, passive: true });
  addEventListener("online", () => messenger.poke());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && messenger.poke());
}

async function main() {
  const app = document.querySelector("chat-app");
  const trouble = await obstacle();
  if (trouble) return app.show(trouble);
  const messenger = await compose(app);
  follow(messenger);
  return app.start(messenger);
}

main();
