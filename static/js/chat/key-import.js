/** A key file in a new browser: checked, a device made and published, history read (protocol.md, section 10). */

import { hex } from "../lib/bytes.js";
import { signBundle } from "../crypto/bundle.js";
import { ProtocolError } from "../crypto/errors.js";
import { checkImport } from "../crypto/keyfile-payload.js";
import { DEVICES_MAX } from "../crypto/labels.js";
import { checkBundleInLog } from "../crypto/log.js";
import { ed25519Public } from "../crypto/primitives.js";
import { ChatError } from "./codes.js";
import { firstPrekeys, makeDevice } from "./device-keys.js";
import { readAccountFile } from "./key-files.js";
import { fetchChain, protect, publish } from "./keys-setup.js";
import { LogReplay } from "./log-replay.js";

const TRIES = 3; // another browser may publish at the same time

/**
 * Up to the published bundle; changes nothing in this browser before all checks have passed.
 * @param {object} parts SetupParts @param {{bytes: Uint8Array, passphrase: string, onStep: (step: string) => void}} wish
 * @returns {Promise<{card: object, open: object, account: object, notices: string[]}>} @throws KEYFILE_*, LOG_*, BUNDLE_NOT_IN_LOG
 */
export async function importDevice(parts, { bytes, passphrase, onStep }) {
  onStep("read");
  const account = await readAccountFile(bytes, passphrase);
  onStep("check");
  const { chain, notices, mayAddDevice } = await checkAgainstAccount(parts, account);
  if (!mayAddDevice) throw new ProtocolError("KEYFILE_STALE");
  onStep("make");
  const device = await makeDevice(parts.clock.now(), chain.at(-1).rootPub);
  const own = await firstPrekeys(parts.clock.now());
  onStep("publish");
  const kept = await publishWith(parts, { account, chain, made: { passphrase, device, own, vault: bytes, then: "history" } });
  return { ...kept, account, notices };
}

/**
 * @param {{api: object, me: object, clock: object}} parts @param {object} account AccountPayload of a file
 * @returns {Promise<{chain: object[], log: object, notices: string[], mayAddDevice: boolean}>} the account's Bundles and the whole Log, both verified;
 *   not mayAddDevice: the file is of a former root
 * @throws KEYFILE_WRONG_ACCOUNT, LOG_*, BUNDLE_NOT_IN_LOG
 */
export async function checkAgainstAccount(parts, account) {
  const { api, me } = parts;
  if (hex(account.uid) !== me.uid || account.name !== me.name) throw new ProtocolError("KEYFILE_WRONG_ACCOUNT");
  const chain = await fetchChain(api, me);
  if (chain.length === 0) throw new ProtocolError("KEYFILE_WRONG_ACCOUNT");
  const root = hex(await ed25519Public(account.rootSeed));
  if (!chain.some(({ rootPub }) => hex(rootPub) === root)) throw new ProtocolError("KEYFILE_WRONG_ACCOUNT");
  const replay = await replayFor(parts, account, chain);
  checkBundleInLog(replay.log, chain.at(-1));
  const { notices, mayAddDevice } = await checkImport(account, { bundles: chain, log: replay.log });
  return { chain, log: replay.log, mayAddDevice, notices: replay.isKeyNew ? [...notices, "LOG_KEY_ROTATED"] : notices };
}

// Only to check: nothing of it is kept, the new browser replays for itself.
async function replayFor({ api, me, clock }, account, chain) {
  const replay = new LogReplay({ api, me, clock, ring: { commit: async () => {} }, ownHashes: async () => chain.map(({ hash }) => hash) });
  replay.pin(account);
  await replay.catchUp();
  return replay;
}

async function publishWith(parts, { account, chain, made }) {
  let known = chain;
  for (let left = TRIES; ; left -= 1) {
    const kept = await protect(parts, { ...made, bundle: await nextBundle(known.at(-1), made.device, account, parts.clock.now()) });
    try {
      await publish(parts, kept);
      return kept;
    } catch (error) {
      if (error.code !== "KEYS_EXIST" || left === 0) throw error;
      known = await fetchChain(parts.api, parts.me);
    }
  }
}

function nextBundle(last, { did, dsPub, dkPub, addedMs }, { rootSeed }, nowMs) {
  if (last.devices.length >= DEVICES_MAX) throw new ChatError("TOO_MANY_DEVICES");
  const devices = [...last.devices, { did, dsPub, dkPub, addedMs }];
  return signBundle({ ...last, version: last.version + 1, prevHash: last.hash, issuedMs: nowMs, devices }, rootSeed);
}
