"""What of a sender's file name may reach a disk or a screen (section 9)."""

import re
import unicodedata

MAX_CHARS = 120
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # control, bidi, invisible; half characters
FORBIDDEN = re.compile(r'[<>:"|?*]')
EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}$")
DEVICE = re.compile(r"(?i)(con|prn|aux|nul|(com|lpt)[0-9\u00b9\u00b2\u00b3]|conin\$|conout\$)(\.|$)")


def clean_file_name(name: str) -> str:
    """No path parts, control, bidi or NUL characters; no name of a device; at most 120, the true extension last."""
    last = re.split(r"[/\\]", name)[-1]
    seen = "".join(char for char in last if unicodedata.category(char) not in UNSEEN)
    clean = FORBIDDEN.sub("_", seen).strip(" \t\n\r\f\v\u00a0\ufeff.") or "file"
    safe = f"_{clean}" if DEVICE.match(clean) else clean
    if len(safe) <= MAX_CHARS:
        return safe
    found = EXTENSION.search(safe)
    extension = found[0] if found else ""
    return safe[: MAX_CHARS - len(extension)] + extension
