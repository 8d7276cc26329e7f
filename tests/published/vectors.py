"""Published vectors for both implementations: {"id", "call", "in": hex fields, "want": hex, "ok" or a code}.

NIST's and the RFCs' files come with the package `cryptography-vectors`. Where section 1 of docs/protocol.md refuses
what a file computes, the refusal is what is wanted; `edges` adds what RFC 7748 and RFC 8032 warn of.
"""

from collections.abc import Iterator
from typing import Any

from cryptography_vectors import open_vector_file

from reference.primitives import ED25519_SMALL_ORDER_Y, FIELD_PRIME, GROUP_ORDER, X25519_LOW_ORDER

Case = dict[str, Any]
TAG_BITS, NONCE_BITS = "128", "96"  # the protocol's only lengths
TOP_BIT = 1 << 255


def published() -> list[Case]:
    """Every case, in a fixed order."""
    return [*x25519(), *ed25519(), *aes_gcm(), *hkdf(), *hmac(), *pbkdf2(), *edges()]


def case(ident: str, call: str, want: str, **given: str) -> Case:
    return {"id": ident, "call": call, "in": given, "want": want}


def x25519() -> Iterator[Case]:
    """RFC 7748, section 5.2; a u with the top bit set is refused, and is the published one without that bit."""
    for at, block in enumerate(blocks("asymmetric/X25519/rfc7748.txt", "OUTPUT_U")):
        seed, pub, out = block["INPUT_SCALAR"], bytes.fromhex(block["INPUT_U"]), block["OUTPUT_U"]
        is_masked = pub[31] < 0x80
        yield case(f"x25519-{at}", "dh", out if is_masked else "BAD_KEY", seed=seed, pub=pub.hex())
        if not is_masked:
            masked = pub[:31] + bytes([pub[31] & 0x7F])
            yield case(f"x25519-{at}-masked", "dh", out, seed=seed, pub=masked.hex())


def ed25519() -> Iterator[Case]:
    """1024 signatures: seed || A : A : message : signature || message."""
    with open_vector_file("asymmetric/Ed25519/sign.input", "r") as file:
        for at, line in enumerate(file):
            secret, pub, message, signed = line.strip().split(":")[:4]
            sig, seed = signed[:128], secret[:64]
            yield case(f"ed25519-{at}-public", "ed25519_public", pub, seed=seed)
            yield case(f"ed25519-{at}-sign", "sign", sig, seed=seed, message=message)
            yield case(f"ed25519-{at}", "verify", "ok", pub=pub, message=message, sig=sig)
            yield case(f"ed25519-{at}-longer", "verify", "BAD_SIG", pub=pub, message=message + "00", sig=sig)


def aes_gcm() -> Iterator[Case]:
    """Everything with a 12-byte nonce and a whole tag."""
    for kind in ("Decrypt", "EncryptExtIV"):
        for block in blocks(f"ciphers/AES/GCM/gcm{kind}256.rsp", "PT", "Tag"):
            if (block["IVlen"], block["Taglen"]) != (NONCE_BITS, TAG_BITS):
                continue
            given = {"key": block["Key"], "nonce": block["IV"], "aad": block["AAD"]}
            ident = f"gcm-{kind}-{block['PTlen']}-{block['AADlen']}-{block['Count']}"
            sealed, is_wrong = block["CT"] + block["Tag"], "FAIL" in block
            yield case(f"{ident}-open", "gcm_open", "BAD_TAG" if is_wrong else block["PT"], text=sealed, **given)
            if not is_wrong:
                yield case(f"{ident}-seal", "gcm_seal", sealed, text=block["PT"], **given)


def hkdf() -> Iterator[Case]:
    for name in ("rfc-5869-HKDF-SHA256.txt", "hkdf-generated.txt"):
        for at, block in enumerate(blocks(f"KDF/{name}", "OKM")):
            given = {"ikm": block["IKM"], "salt": block["salt"], "info": block["info"], "length": block["L"]}
            yield case(f"hkdf-{name}-{at}", "kdf", block["OKM"], **given)


def hmac() -> Iterator[Case]:
    for at, block in enumerate(blocks("HMAC/rfc-4231-sha256.txt", "MD")):
        yield case(f"hmac-{at}", "mac", block["MD"], key=block["Key"], data=block["Msg"])


def pbkdf2() -> Iterator[Case]:
    """RFC 7914, section 11, and the inputs of RFC 6070 with SHA-256; the first 32 bytes, which stand for themselves."""
    known = (
        ("passwd", "salt", 1, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"),
        ("Password", "NaCl", 80_000, "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"),
        ("password", "salt", 1, "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b"),
        ("password", "salt", 2, "ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43"),
        ("password", "salt", 4096, "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a"),
    )
    for at, (password, salt, iterations, out) in enumerate(known):
        given = {"password": password.encode().hex(), "salt": salt.encode().hex(), "iterations": str(iterations)}
        yield case(f"pbkdf2-{at}", "pbkdf2", out, **given)


def edges() -> Iterator[Case]:
    yield from x25519_edges()
    yield from ed25519_edges()


def x25519_edges() -> Iterator[Case]:
    """Low order, also with the top bit; what is not canonical; clamped bits, which do not count; 1,000 rounds."""
    seed = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"  # RFC 7748, section 6.1
    bob = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
    shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
    yield case("x25519-diffie-hellman", "dh", shared, seed=seed, pub=bob)
    yield case(
        "x25519-public", "x25519_public", bob, seed="5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
    )
    yield case("x25519-unclamped", "dh", shared, seed=f"70{seed[2:62]}ea", pub=bob)
    refused = {
        *X25519_LOW_ORDER,
        *range(FIELD_PRIME, 1 << 255),
        *(low | TOP_BIT for low in X25519_LOW_ORDER),
        9 | TOP_BIT,
    }
    for value in sorted(refused):
        yield case(f"x25519-refused-{value:x}", "dh", "BAD_KEY", seed=seed, pub=little(value))
    for length in (0, 31, 33):
        yield case(f"x25519-of-{length}-bytes", "dh", "BAD_KEY", seed=seed, pub=(b"\x09" * length).hex())
    after = "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"
    yield case("x25519-a-thousand-times", "x25519_rounds", after, rounds="1000")


def ed25519_edges() -> Iterator[Case]:
    """RFC 8032, section 7.1, test 2, damaged as section 5.1.7 and section 8.4 warn of."""
    pub = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    sig = (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    scalar = int.from_bytes(bytes.fromhex(sig[64:]), "little")
    for name, s in (("order-added", scalar + GROUP_ORDER), ("order", GROUP_ORDER), ("largest", 2**256 - 1)):
        yield case(f"ed25519-scalar-{name}", "verify", "BAD_SIG", pub=pub, message="72", sig=sig[:64] + little(s))
    refused = {*ED25519_SMALL_ORDER_Y, *range(FIELD_PRIME, 1 << 255)}
    for y in sorted(refused | {y | TOP_BIT for y in refused}):
        yield case(f"ed25519-key-{y:x}", "verify", "BAD_KEY", pub=little(y), message="72", sig=sig)
        yield case(f"ed25519-r-{y:x}", "verify", "BAD_SIG", pub=pub, message="72", sig=little(y) + sig[64:])
    for y in (2, 7, 8, 12, FIELD_PRIME - 2):
        yield case(f"ed25519-off-the-curve-{y:x}", "verify", "BAD_SIG", pub=little(y), message="72", sig=sig)
        yield case(
            f"ed25519-r-off-the-curve-{y:x}", "verify", "BAD_SIG", pub=pub, message="72", sig=little(y) + sig[64:]
        )
    yield case(
        "ed25519-other-half",
        "verify",
        "BAD_SIG",
        pub=little(int.from_bytes(bytes.fromhex(pub), "little") ^ TOP_BIT),
        message="72",
        sig=sig,
    )
    for cut in (0, 63, 65):
        yield case(
            f"ed25519-sig-of-{cut}",
            "verify",
            "BAD_SIG",
            pub=pub,
            message="72",
            sig=(bytes.fromhex(sig) + b"\x00")[:cut].hex(),
        )


def little(value: int) -> str:
    return value.to_bytes(32, "little").hex()


def blocks(name: str, *ends: str) -> Iterator[dict[str, str]]:
    """`NAME = value` lines up to a blank one after one of `ends`; what stands in brackets holds for all behind it."""
    shared: dict[str, str] = {}
    block: dict[str, str] = {}
    with open_vector_file(name, "r") as file:
        for line in [*file, "\n"]:
            field, _, value = line.strip().strip("[]").partition("=")
            if line.startswith("["):
                shared[field.strip()] = value.strip()
            elif line.strip() and not line.startswith("#"):
                block[field.strip()] = value.strip()
            elif block.keys() & ends:
                yield {**shared, **block}
                block = {}
