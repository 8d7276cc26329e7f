/**
 * A mark beside the database: that a person's keys were kept in this browser. Whoever finds the mark and no database knows that it was lost
 * (protocol.md, section 10, STORAGE_LOST).
 */

const PREFIX = "llave-kept:";

/** @param {() => Storage} [storageOf] a browser may refuse it; then nothing is remembered @returns {{has: (uid: string) => boolean, add: (uid: string) => void, delete: (uid: string) => void}} */
export function keptMarks(storageOf = () => globalThis.localStorage) {
  const trying = (use) => {
    try {
      return use(storageOf());
    } catch {
      return null;
    }
  };
  return {
    has: (uid) => trying((storage) => storage.getItem(PREFIX + uid)) !== null,
    add: (uid) => void trying((storage) => storage.setItem(PREFIX + uid, "1")),
    delete: (uid) => void trying((storage) => storage.removeItem(PREFIX + uid)),
  };
}
