/**
 * A key file in a browser that has keys: another browser made new ones of the account, and the file saved there brings them here,
 * the chats stay; or it is of keys from before a reset, and gives its history (protocol.md, section 10).
 */

import { equal, hex } from "../lib/bytes.js";
import { ProtocolError, check } from "../crypto/errors.js";
import { checkHistory } from "../crypto/keyfile-payload.js";
import { checkPrefix } from "../crypto/log.js";
import { vaultChange } from "../store/vault.js";
import { deviceChange } from "./device-keys.js";
import { fileOutdated, fileShown, mergedHistory, newestGen } from "./file-care.js";
import { openOwnVault, readAccountFile, sealAccount } from "./key-files.js";
import { checkAgainstAccount } from "./key-import.js";
import { readAllAgain } from "./read-again.js";

/**
 * Nothing changes before all checks have passed: the file is of this account, and account and log go on from what is known here.
 * @param {object} open Unlocked @param {{bytes: Uint8Array, passphrase: string, own: string}} wish own: the passphrase of this browser
 * @returns {Promise<{isListed: boolean, notices: string[]}>} KEYFILE_STALE: of a former root, only what it opens was read; else, not isListed:
 *   this browser is not on the account, and needs new keys through the vault
 * @throws KEYFILE_*, KEYFILE_OTHER_PASSPHRASE: `own` is another one, LOG_SPLIT_VIEW, BUNDLE_CHAIN_BROKEN
 */
export async function bringAccount(open, { bytes, passphrase, own }) {
  const { db, device, ring } = open;
  const account = await readAccountFile(bytes, passphrase);
  const { chain, log, notices, mayAddDevice } = await checkAgainstAccount(open, account);
  await checkGoesOn(open, chain, log);
  const last = chain.at(-1);
  const isListed = last.devices.some(({ did }) => hex(did) === open.did);
  if (!mayAddDevice) check(isListed && equal(device.own.rootPub, last.rootPub), "KEYFILE_STALE"); // this browser is behind, too
  await checkHistory(account, chain);
  if (!mayAddDevice) {
    await bringHistory(open, { account, own });
    return { isListed, notices };
  }
  if (notices.includes("KEYFILE_STALE") && newestGen(account) < last.hkGen) throw new ProtocolError("KEYFILE_STALE");
  const vault = await openOwnVault(db, own);
  const history = mergedHistory(vault, account);
  const sealed = await sealAccount({ ...account, history }, own);
  await ring.commit({ ring: [deviceChange({ ...device.own, rootPub: last.rootPub })], clear: [vaultChange(sealed)] });
  await device.load(); // from now on the log's versions under this root are the person's own
  await fileShown(open, newestGen(account));
  await open.trust.lift("LOG_SELF_FORGED");
  return { isListed, notices: [] };
}

// What it read then is read on; nothing else of it is taken, and nothing is published.
async function bringHistory(open, { account, own }) {
  const vault = await openOwnVault(open.db, own);
  const history = mergedHistory(account, vault);
  if (history.length > vault.history.length) {
    await fileOutdated(open);
    await open.ring.commit({ clear: [vaultChange(await sealAccount({ ...vault, history }, own))] });
  }
  open.openHistory(history.map(({ seed }) => seed));
  await readAllAgain(open, own);
  await open.trust.note("KEYFILE_STALE");
}

async function checkGoesOn({ bundles, me, replay }, chain, log) {
  const known = bundles.known([me.uid]);
  check(known.every((bundle, i) => chain[i] && equal(bundle.hash, chain[i].hash)), "BUNDLE_CHAIN_BROKEN");
  await checkPrefix(log, await replay.head());
}
