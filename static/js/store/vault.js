/** What stands beside the keyring: who this browser is, and the vault (a key file, stored as such). */

const DEVICE = "device";
const VAULT = "vault";

/**
 * All that stands in clear.
 * `ringDid`: the id under which the keyring was made, where the browser got a new one since.
 * @typedef {{did: string, ringDid?: string, uid: string, name: string, salt: Uint8Array, iterations: number, stage: "made"|"prove"|"history"|"ready",
 *   then: "prove"|"history"}} DeviceCard stage: made here, not published; file not proved; history not read; done
 */

/** @param {object} db @returns {Promise<DeviceCard|undefined>} */
export function readCard(db) {
  return db.get("clear", DEVICE);
}

/** @param {object} db @returns {Promise<Uint8Array|undefined>} the sealed file */
export function readVault(db) {
  return db.get("clear", VAULT);
}

/** @param {DeviceCard} value @returns {{key: string, value: DeviceCard}} for a commit of the keyring */
export function cardChange(value) {
  return { key: DEVICE, value };
}

/** @param {Uint8Array} value @returns {{key: string, value: Uint8Array}} */
export function vaultChange(value) {
  return { key: VAULT, value };
}
