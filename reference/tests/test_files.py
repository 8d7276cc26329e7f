"""Names of files, and what is refused before anything is asked for."""

import pytest

from reference.courier import download, seal_file
from reference.errors import ProtocolError
from reference.filename import clean_file_name
from reference.web import HttpRefused, Web

NOWHERE = Web("https://chat.invalid")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("plan.pdf", "plan.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\boot.ini", "boot.ini"),
        ("nul\0byte.png", "nulbyte.png"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("CON", "_CON"),
        ("com1.txt", "_com1.txt"),
        ("console.txt", "console.txt"),
        ("  ..  ", "file"),
        ("", "file"),
        ("x" * 5000 + ".pdf", "x" * 116 + ".pdf"),
        ('a<b>:"|?*.txt', "a_b______.txt"),
        ("\ud800half.txt", "half.txt"),
    ],
)
def test_a_name_cannot_lie(said, shown):
    assert clean_file_name(said) == shown


@pytest.mark.parametrize("size", [104857601, 2**31, 2**32 + 1, 2**53 - 1])
def test_what_is_too_large_is_not_asked_for(size):
    content = {**seal_file("x", b"x").content, "size": size}
    with pytest.raises(ProtocolError, match="FILE_TOO_LARGE"):
        download(NOWHERE, bytes(16), content)


@pytest.mark.parametrize("blob", ["../../keys/log", "A" * 32, "0" * 31, "0" * 33, "é" * 32])
def test_what_is_no_number_makes_no_address(blob):
    with pytest.raises(HttpRefused):
        download(NOWHERE, bytes(16), {**seal_file("x", b"x").content, "blob": blob})
