/** A small QR encoder (ISO/IEC 18004): bytes, error correction M, the smallest version that holds them. */

const EC_BYTES = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, ...Array(19).fill(28)];
const BLOCKS = [
  1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49,
];
const VERSIONS = BLOCKS.length;
const MASKS = [
  (x, y) => (x + y) % 2 === 0,
  (x, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];
const FINDER_LIKE = [0b10111010000, 0b00001011101];

const sizeOf = (version) => version * 4 + 17;
const lengthBits = (version) => (version < 10 ? 8 : 16);
const times = (count, make) => Array.from({ length: count }, (_, at) => make(at));

/** Where the small squares stand, on both axes. */
function alignments(version) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = version === 32 ? 26 : Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2;
  return [6, ...times(count - 1, (at) => sizeOf(version) - 7 - step * (count - 2 - at))];
}

/** All bytes that a version has room for, error correction included. */
function roomOf(version) {
  const count = version === 1 ? 0 : Math.floor(version / 7) + 2;
  const squares = count ? (25 * count - 10) * count - 55 : 0;
  return (((16 * version + 128) * version + 64 - squares - (version >= 7 ? 36 : 0)) / 8) | 0;
}

const dataBytes = (version) => roomOf(version) - EC_BYTES[version - 1] * BLOCKS[version - 1];

function versionFor(length) {
  for (let version = 1; version <= VERSIONS; version += 1) {
    if (4 + lengthBits(version) + length * 8 <= dataBytes(version) * 8) return version;
  }
  throw new RangeError("too long for a QR code");
}

// The field of 256 elements with x^8 + x^4 + x^3 + x^2 + 1.
function multiply(one, other) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) product = ((product << 1) ^ ((product >>> 7) * 0x11d)) ^ (((other >>> bit) & 1) * one);
  return product;
}

function generatorOf(degree) {
  const poly = [...Array(degree - 1).fill(0), 1];
  let root = 1;
  for (let step = 0; step < degree; step += 1) {
    poly.forEach((value, at) => (poly[at] = multiply(value, root) ^ (poly[at + 1] ?? 0)));
    root = multiply(root, 2);
  }
  return poly;
}

function correctionOf(data, generator) {
  const rest = Array(generator.length).fill(0);
  for (const byte of data) {
    const factor = byte ^ rest.shift();
    rest.push(0);
    generator.forEach((value, at) => (rest[at] ^= multiply(value, factor)));
  }
  return rest;
}

function bitsOf(value, count) {
  return times(count, (at) => (value >>> (count - 1 - at)) & 1);
}

/** Kind, length, bytes, end, and padding up to the room there is. */
function paddedData(bytes, version) {
  const room = dataBytes(version);
  const bits = [...bitsOf(0b0100, 4), ...bitsOf(bytes.length, lengthBits(version)), ...[...bytes].flatMap((byte) => bitsOf(byte, 8))];
  bits.push(...Array(Math.min(4, room * 8 - bits.length)).fill(0));
  while (bits.length % 8) bits.push(0);
  const data = times(bits.length / 8, (at) => bits.slice(at * 8, at * 8 + 8).reduce((byte, bit) => byte * 2 + bit, 0));
  return [...data, ...times(room - data.length, (at) => (at % 2 ? 0x11 : 0xec))];
}

/** Blocks of data with their corrections, one byte of each in turn. */
function interleaved(data, version) {
  const [count, correction] = [BLOCKS[version - 1], EC_BYTES[version - 1]];
  const short = count - (roomOf(version) % count);
  const least = Math.floor(roomOf(version) / count) - correction;
  const generator = generatorOf(correction);
  const blocks = times(count, (at) => data.slice(at * least + Math.max(0, at - short), (at + 1) * least + Math.max(0, at + 1 - short)));
  const ends = blocks.map((block) => correctionOf(block, generator));
  const turns = (lists, length) => times(length, (at) => lists.flatMap((list) => list.slice(at, at + 1))).flat();
  return [...turns(blocks, least + 1), ...turns(ends, correction)];
}

/** The square: which modules are dark, and which belong to its frame. */
class Grid {
  constructor(version) {
    this.version = version;
    this.size = sizeOf(version);
    this.dark = times(this.size, () => new Uint8Array(this.size));
    this.fixed = times(this.size, () => new Uint8Array(this.size));
  }

  fix(x, y, isDark) {
    if (x < 0 || y < 0 || x >= this.size || y >= this.size) return;
    this.dark[y][x] = Number(isDark);
    this.fixed[y][x] = 1;
  }

  frame() {
    const { size, version } = this;
    for (let at = 0; at < size; at += 1) [[6, at], [at, 6]].forEach(([x, y]) => this.fix(x, y, at % 2 === 0));
    for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) this.#rings(x, y, 4, [2, 4]);
    const places = alignments(version);
    const last = places.length - 1;
    places.forEach((x, i) => places.forEach((y, j) => [[0, 0], [0, last], [last, 0]].some(([a, b]) => a === i && b === j) || this.#rings(x, y, 2, [1])));
    this.format(0);
    if (version >= 7) this.#versionBits();
  }

  #rings(x, y, reach, light) {
    for (let dy = -reach; dy <= reach; dy += 1) {
      for (let dx = -reach; dx <= reach; dx += 1) this.fix(x + dx, y + dy, !light.includes(Math.max(Math.abs(dx), Math.abs(dy))));
    }
  }

  /** Level M is two zero bits before the mask. */
  format(mask) {
    let rest = mask;
    for (let step = 0; step < 10; step += 1) rest = (rest << 1) ^ ((rest >>> 9) * 0x537);
    const bits = ((mask << 10) | rest) ^ 0x5412;
    const { size } = this;
    for (let at = 0; at < 15; at += 1) {
      const isDark = (bits >>> at) & 1;
      const near = at < 6 ? at : at + 1;
      if (at < 8) this.fix(8, near, isDark);
      else this.fix(at === 8 ? 7 : 14 - at, 8, isDark);
      if (at < 8) this.fix(size - 1 - at, 8, isDark);
      else this.fix(8, size - 15 + at, isDark);
    }
    this.fix(8, size - 8, true);
  }

  #versionBits() {
    let rest = this.version;
    for (let step = 0; step < 12; step += 1) rest = (rest << 1) ^ ((rest >>> 11) * 0x1f25);
    const bits = (this.version << 12) | rest;
    for (let at = 0; at < 18; at += 1) {
      const [far, near] = [this.size - 11 + (at % 3), Math.floor(at / 3)];
      [[far, near], [near, far]].forEach(([x, y]) => this.fix(x, y, (bits >>> at) & 1));
    }
  }

  /** Up and down in columns of two, from the right; what is left over stays light. */
  fill(bits) {
    let next = 0;
    for (let column = this.size - 1; column > 0; column -= 2) {
      const right = column > 6 ? column : column - 1; // the sixth column belongs to the frame
      const up = ((right + 1) & 2) === 0;
      for (let step = 0; step < this.size * 2; step += 1) {
        const [x, y] = [right - (step % 2), up ? this.size - 1 - (step >> 1) : step >> 1];
        if (!this.fixed[y][x]) this.dark[y][x] = bits[next++] ?? 0;
      }
    }
  }

  /** Twice is as if never. */
  flip(mask) {
    this.dark.forEach((row, y) => row.forEach((_, x) => (row[x] ^= Number(!this.fixed[y][x] && MASKS[mask](x, y)))));
  }
}

/** How hard a square is to read. */
function penalty(rows) {
  const size = rows.length;
  const columns = times(size, (x) => rows.map((row) => row[x]));
  const lines = [...rows, ...columns].reduce((sum, line) => sum + linePenalty(line), 0);
  let squares = 0;
  for (let y = 1; y < size; y += 1) {
    for (let x = 1; x < size; x += 1) squares += Number([rows[y][x - 1], rows[y - 1][x], rows[y - 1][x - 1]].every((one) => one === rows[y][x]));
  }
  const dark = rows.reduce((sum, row) => sum + row.reduce((total, one) => total + one, 0), 0);
  return lines + squares * 3 + Math.floor(Math.abs((dark * 100) / size ** 2 - 50) / 5) * 10;
}

function linePenalty(line) {
  let [sum, run, window] = [0, 0, 0];
  line.forEach((one, at) => {
    run = one === line[at - 1] ? run + 1 : 1;
    sum += run === 5 ? 3 : Number(run > 5);
    window = ((window << 1) | one) & 0x7ff;
    if (at >= 10 && FINDER_LIKE.includes(window)) sum += 40;
  });
  return sum;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} [mask] 0 to 7; without one the mask that is easiest to read
 * @returns {{size: number, version: number, mask: number, rows: Uint8Array[]}} 1 is dark; the quiet margin of four is not included
 * @throws {RangeError} when no version holds the bytes
 */
export function qrCode(bytes, mask) {
  const version = versionFor(bytes.length);
  const grid = new Grid(version);
  grid.frame();
  grid.fill(interleaved(paddedData(bytes, version), version).flatMap((byte) => bitsOf(byte, 8)));
  const chosen = mask ?? easiest(grid);
  grid.format(chosen);
  grid.flip(chosen);
  return { size: grid.size, version, mask: chosen, rows: grid.dark };
}

function easiest(grid) {
  const costs = MASKS.map((_, mask) => {
    grid.format(mask);
    grid.flip(mask);
    const cost = penalty(grid.dark);
    grid.flip(mask);
    return cost;
  });
  return costs.indexOf(Math.min(...costs));
}
