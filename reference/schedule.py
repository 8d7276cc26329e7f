"""The key schedule of an epoch: wraps, TH, S, and all that hangs on S (section 6). Sender and receivers share it."""

from dataclasses import dataclass, field

from reference.bundle import Bundle
from reference.encoding import ZERO32, label, u32
from reference.primitives import gcm_open, gcm_seal, kdf, mac, sha256
from reference.record import Core, Member


@dataclass(frozen=True, slots=True)
class EpochSecrets:
    """What S gives: the message key, the chaining secret of the next epoch, the confirmation key; 32 bytes each."""

    k_msg: bytes = field(repr=False)
    next: bytes = field(repr=False)
    k_conf: bytes = field(repr=False)


def wrap_info(core: Core, core_hash: bytes, member: Member, *, dk_j: bytes, dk_s: bytes, join: bool) -> bytes:
    """info_j; `join` for a newcomer of a NEXT. `dk_j` and `dk_s` are the public device keys of receiver and sender."""
    return (
        label("join" if join else "wrap") + core_hash + member.uid + member.did + member.leaf_pub + dk_j + dk_s
        + core.e_pub + u32(member.opk_id)
    )  # fmt: skip


def seal_wrap(shared: bytes, info: bytes, secret: bytes) -> bytes:
    """GCM of a 32-byte secret under KDF(Z, Z32, info, 44); 48 bytes. Used for wraps and history wraps."""
    okm = kdf(shared, ZERO32, info, 44)
    return gcm_seal(okm[:32], okm[32:], secret, info)


def open_wrap(shared: bytes, info: bytes, wrap: bytes) -> bytes:
    """The 32-byte secret, or BAD_TAG."""
    okm = kdf(shared, ZERO32, info, 44)
    return gcm_open(okm[:32], okm[32:], wrap, info)


def transcript_hash(th_prev: bytes, core_hash: bytes, wraps: bytes) -> bytes:
    """TH_e."""
    return sha256(label("th") + th_prev + core_hash + sha256(wraps))


def newcomer_secret(next_prev: bytes, r: bytes) -> bytes:
    """x_j of a newcomer: MAC(next_{e-1}, r)."""
    return mac(next_prev, r)


def epoch_secret(r: bytes, salt: bytes, th: bytes) -> bytes:
    """S_e of a member; `salt` is next_{e-1} for NEXT, Z32 for START and RESTART."""
    return kdf(r, salt, label("epoch") + th, 32)


def epoch_secret_of_newcomer(x: bytes, th: bytes) -> bytes:
    """S_e of a newcomer: x is the HKDF extract, this the one-block expand."""
    return mac(x, label("epoch") + th + b"\x01")


def derive(secret: bytes, th: bytes) -> EpochSecrets:
    """K_msg, next_e and K_conf of S_e."""
    k_msg = kdf(secret, ZERO32, label("msg") + th, 32)
    return EpochSecrets(k_msg, kdf(secret, ZERO32, label("next") + th, 32), confirm_key(k_msg, th))


def confirm_key(k_msg: bytes, th: bytes) -> bytes:
    """K_conf."""
    return kdf(k_msg, ZERO32, label("conf") + th, 32)


def confirm_tag(k_conf: bytes, th: bytes, hwraps: bytes) -> bytes:
    return mac(k_conf, label("confirm") + th + sha256(hwraps))


def hwrap_info(core: Core, th: bytes, bundle: Bundle, dk_s: bytes) -> bytes:
    """The info of one user's history wrap; `dk_s` is the sender's public device key."""
    return label("hwrap") + th + bundle.core.uid + bundle.core.hk_pub + dk_s + core.e_pub
