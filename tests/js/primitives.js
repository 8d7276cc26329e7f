import * as primitives from "/static/js/crypto/primitives.js";
import { hex, unhex, utf8 } from "/static/js/lib/bytes.js";
import { holds, refuses, same } from "./claims.js";

/** RFC 7748, section 5.2, first vector, and section 6.1. */
export async function x25519_as_published() {
  const scalar = unhex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
  const u = unhex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
  same(await primitives.dh(scalar, u), "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
  const bob = unhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  same(await primitives.x25519Public(bob), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
}

/** RFC 8032, section 7.1, tests 1 and 2. */
export async function ed25519_as_published() {
  const published = [
    ["9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"],
    ["4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"],
  ];
  for (const [seed, pub, message, sig] of published) {
    same([await primitives.ed25519Public(unhex(seed)), await primitives.sign(unhex(seed), unhex(message))], [pub, sig]);
    await primitives.verify(unhex(pub), unhex(sig), unhex(message));
    await refuses("BAD_SIG", () => primitives.verify(unhex(pub), unhex(sig), utf8("other")));
  }
}

export async function two_sides_agree() {
  const [a, b] = [await primitives.generateX25519(), await primitives.generateX25519()];
  same(await primitives.dh(a.seed, b.pub), await primitives.dh(b.seed, a.pub));
}

export async function low_order_points_are_refused() {
  const { seed } = await primitives.generateX25519();
  for (const pub of ["00".repeat(32), `01${"00".repeat(31)}`, `ec${"ff".repeat(30)}7f`, `09${"00".repeat(30)}80`]) {
    await refuses("BAD_KEY", () => primitives.dh(seed, unhex(pub)));
  }
}

export async function nothing_comes_twice() {
  const made = new Set();
  for (let i = 0; i < 10_000; i += 1) made.add(hex(primitives.randomBytes(32)));
  const pairs = await Promise.all(Array.from({ length: 200 }, (_, i) => (i % 2 ? primitives.generateX25519() : primitives.generateEd25519())));
  for (const { seed, pub } of pairs) [seed, pub].forEach((key) => made.add(hex(key)));
  same(made.size, 10_400);
  holds([...made].every((key) => key.length === 64), "32 bytes each");
}

export async function a_wiped_key_is_forgotten() {
  const key = primitives.randomBytes(32);
  const before = await primitives.mac(key, utf8("x"));
  primitives.wipe(key);
  same(key, "00".repeat(32));
  holds(hex(await primitives.mac(key, utf8("x"))) !== hex(before), "the zero key counts now");
}

export async function no_private_key_begins_with_a_zero_byte() {
  const { crypto } = globalThis;
  let asked = 0;
  crypto.getRandomValues = (bytes) => {
    asked += 1;
    return bytes.fill(asked < 3 ? 0 : 5);
  };
  try {
    for (const generate of [primitives.generateX25519, primitives.generateEd25519]) {
      asked = 0;
      same((await generate()).seed, "05".repeat(32));
      same(asked, 3);
    }
  } finally {
    delete crypto.getRandomValues;
  }
}

/** RFC 7748, section 5: the three lowest bits of a scalar are cleared. */
export async function a_scalar_that_begins_with_zero_is_the_clamped_one() {
  const rest = "11".repeat(31);
  same(await primitives.x25519Public(unhex(`00${rest}`)), await primitives.x25519Public(unhex(`07${rest}`)));
}
