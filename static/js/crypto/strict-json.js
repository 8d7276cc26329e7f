/**
 * JSON as section 8 of protocol.md has it: no duplicate keys, integers only, bounded depth. JSON.parse keeps the last of two
 * equal keys and rounds numbers, so two clients could read two messages out of one text.
 */

const SPACE = /[ \t\n\r]*/y;
const INTEGER = /-?(?:0|[1-9][0-9]*)(?![0-9.eE])/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORDS = [["true", true], ["false", false], ["null", null]];

/** @param {string} text @param {number} depthMax the outer value is 1 @returns {any} objects have no prototype @throws RangeError */
export function parseStrictJson(text, depthMax) {
  const cursor = { text, at: 0, depthMax };
  const value = readValue(cursor, 1);
  skipSpace(cursor);
  if (cursor.at !== text.length) refuse();
  return value;
}

function readValue(cursor, depth) {
  skipSpace(cursor);
  const letter = cursor.text[cursor.at];
  if (letter === "{" || letter === "[") {
    if (depth > cursor.depthMax) refuse();
    return letter === "{" ? readObject(cursor, depth) : readArray(cursor, depth);
  }
  if (letter === '"') return readString(cursor);
  const word = WORDS.find(([name]) => cursor.text.startsWith(name, cursor.at));
  return word ? readWord(cursor, word) : readInteger(cursor);
}

function readObject(cursor, depth) {
  const object = Object.create(null);
  readItems(cursor, "}", () => {
    skipSpace(cursor);
    const key = readString(cursor);
    if (Object.hasOwn(object, key)) refuse();
    skipSpace(cursor);
    if (!takes(cursor, ":")) refuse();
    object[key] = readValue(cursor, depth + 1);
  });
  return object;
}

function readArray(cursor, depth) {
  const list = [];
  readItems(cursor, "]", () => list.push(readValue(cursor, depth + 1)));
  return list;
}

function readItems(cursor, closing, readOne) {
  cursor.at += 1;
  skipSpace(cursor);
  if (takes(cursor, closing)) return;
  for (;;) {
    readOne();
    skipSpace(cursor);
    if (takes(cursor, closing)) return;
    if (!takes(cursor, ",")) refuse();
  }
}

function readString(cursor) {
  const text = JSON.parse(match(cursor, STRING));
  if (!text.isWellFormed()) refuse(); // half a surrogate pair is no code point
  return text;
}

function readInteger(cursor) {
  const value = Number(match(cursor, INTEGER));
  if (!Number.isSafeInteger(value)) refuse();
  return value + 0; // no -0
}

function readWord(cursor, [name, value]) {
  cursor.at += name.length;
  return value;
}

function takes(cursor, letter) {
  if (cursor.text[cursor.at] !== letter) return false;
  cursor.at += 1;
  return true;
}

function skipSpace(cursor) {
  match(cursor, SPACE);
}

function match(cursor, pattern) {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text);
  if (!found) refuse();
  cursor.at = pattern.lastIndex;
  return found[0];
}

function refuse() {
  throw new RangeError("not the JSON of this protocol");
}
