"""What a recovery code looks like: 80 random bits as 16 characters in four groups, without letters that look alike."""

import base64
import os

CODES_IN_A_SET = 10
CODE_BYTES = 10
GROUP_CHARS = 4


def make_codes() -> list[str]:
    return [_grouped(base64.b32encode(os.urandom(CODE_BYTES)).decode("ascii")) for _ in range(CODES_IN_A_SET)]


def canonical_code(typed: str) -> str:
    """What a person typed, without spaces and hyphens and in capitals; 0, 1 and 8 are read as the letters they look
    like.
    """
    letters = "".join(char for char in typed.upper() if char.isalnum())
    return letters.translate(str.maketrans("018", "OIB"))


def _grouped(letters: str) -> str:
    return "-".join(letters[at : at + GROUP_CHARS] for at in range(0, len(letters), GROUP_CHARS))
