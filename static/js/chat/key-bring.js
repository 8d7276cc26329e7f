/**
 * Another browser of this person made new keys of the account: the key file saved there brings them here, and the chats stay
 * (protocol.md, section 10).
 */

import { equal, hex } from "../lib/bytes.js";
import { ProtocolError, check } from "../crypto/errors.js";
import { checkPrefix } from "../crypto/log.js";
import { vaultChange } from "../store/vault.js";
import { ChatError, codeOf } from "./codes.js";
import { deviceChange } from "./device-keys.js";
import { fileShown, mergedHistory, newestGen } from "./file-care.js";
import { openVault, readAccountFile, sealAccount } from "./key-files.js";
import { checkAgainstAccount } from "./key-import.js";

/**
 * Nothing changes before all checks have passed: the file is of this account's present root, and account and log go on from what is known here.
 * @param {object} open Unlocked @param {{bytes: Uint8Array, passphrase: string, own: string}} wish own: the passphrase of this browser
 * @returns {Promise<boolean>} whether this browser is on the account; if not, it needs new keys through the vault
 * @throws KEYFILE_*, KEYFILE_OTHER_PASSPHRASE: `own` is another one, LOG_SPLIT_VIEW, BUNDLE_CHAIN_BROKEN
 */
export async function bringAccount(open, { bytes, passphrase, own }) {
  const { db, device, ring } = open;
  const account = await readAccountFile(bytes, passphrase);
  const { chain, log, notices } = await checkAgainstAccount(open, account);
  await checkGoesOn(open, chain, log);
  const last = chain.at(-1);
  if (notices.includes("KEYFILE_STALE") && newestGen(account) < last.hkGen) throw new ProtocolError("KEYFILE_STALE");
  const vault = await openVault(db, own).catch((error) => {
    throw codeOf(error) === "WRONG_PASSPHRASE" ? new ChatError("KEYFILE_OTHER_PASSPHRASE") : error;
  });
  const history = mergedHistory(vault, account);
  const sealed = await sealAccount({ ...account, history }, own);
  await ring.commit({ ring: [deviceChange({ ...device.own, rootPub: last.rootPub })], clear: [vaultChange(sealed)] });
  await device.load(); // from now on the log's versions under this root are the person's own
  await fileShown(open, newestGen(account));
  await open.trust.lift("LOG_SELF_FORGED");
  return last.devices.some(({ did }) => hex(did) === open.did);
}

async function checkGoesOn({ bundles, me, replay }, chain, log) {
  const known = bundles.known([me.uid]);
  check(known.every((bundle, i) => chain[i] && equal(bundle.hash, chain[i].hash)), "BUNDLE_CHAIN_BROKEN");
  await checkPrefix(log, await replay.head());
}
