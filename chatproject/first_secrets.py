"""Makes the secrets of a new data folder: `python -m chatproject.first_secrets FOLDER`. Never changes or prints one."""

import base64
import os
import secrets
import sys
from pathlib import Path

BYTES = {"SECRET_KEY": 48, "FIELD_KEYS": 32, "LOG_KEY_SEED": 32}


def make_secrets(folder: Path) -> list[str]:
    """Write each missing secret (random bytes as base64url, mode 0600) and return the names of those made."""
    place = folder / "secrets"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return [name for name, size in BYTES.items() if _write_new(place / name, size)]


def _write_new(path: Path, size: int) -> bool:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(base64.urlsafe_b64encode(secrets.token_bytes(size)).decode().rstrip("="))
    return True


if __name__ == "__main__":
    make_secrets(Path(sys.argv[1]))
