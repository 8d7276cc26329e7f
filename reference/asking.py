"""What a person is asked for and nobody may see: from the terminal or from a file, never from an argument."""

import getpass
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Secrets:
    """`code`: of the authenticator app, or a recovery code; `passphrase`: of the key file."""

    password: str = field(repr=False)
    code: str = field(repr=False)
    passphrase: str = field(repr=False)


def ask_secrets(file: Path | None) -> Secrets:
    """Three lines of a file (which may be /dev/stdin): password, code, passphrase; else asked for one by one."""
    if file is None:
        return Secrets(getpass.getpass("Password: "), getpass.getpass("Code: "), ask_passphrase(None))
    lines = file.read_text().splitlines()
    if len(lines) != 3:
        raise ValueError("the file of secrets needs three lines: password, code, passphrase")
    return Secrets(*lines)


def ask_passphrase(file: Path | None) -> str:
    """The last line of a file, or asked for."""
    if file is None:
        return getpass.getpass("Passphrase of the key file: ")
    lines = file.read_text().splitlines()
    if not lines:
        raise ValueError("the file of secrets is empty")
    return lines[-1]
