"""The page's QR encoder against another one: the same matrix for the same mask, in every version."""

import random

import pytest
import segno
import segno.encoder
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

ENCODE = """async ([numbers, mask]) => {
  const { qrCode } = await import("/static/js/lib/qr.js");
  const { rows, version, mask: chosen } = qrCode(new Uint8Array(numbers), mask ?? undefined);
  return { rows: rows.map((row) => [...row]), version, mask: chosen };
}"""
REFUSES = """async (length) => {
  const { qrCode } = await import("/static/js/lib/qr.js");
  try { qrCode(new Uint8Array(length), 0); } catch (error) { return error.name; }
}"""
LENGTHS = [0, 1, 14, 15, 42, 65, 84, 85, 122, 180, 213, 311, 450, 666, 1024, 1700, 2331]


def other(data: bytes, mask: int) -> segno.QRCode:
    return segno.make(data, error="m", mode="byte", mask=mask, micro=False, boost_error=False)


def bytes_of(length: int) -> bytes:
    return random.Random(length).randbytes(length)


@pytest.fixture(autouse=True)
def standard_padding(monkeypatch):
    """The other encoder adds a whole byte of zeros where none is missing (7.4.10 allows up to a byte)."""
    monkeypatch.setattr(
        segno.encoder, "write_padding_bits", lambda buff, _version, length: buff.extend([0] * (-length % 8))
    )


@pytest.fixture(scope="module")
def page(chromium, preview) -> Page:
    opened = chromium.new_context().new_page()
    opened.goto(f"{preview}?scene=loading")
    return opened


@pytest.mark.parametrize("mask", range(8))
def test_every_mask_gives_the_same_matrix(page, mask):
    data = bytes_of(65)
    mine = page.evaluate(ENCODE, [list(data), mask])
    assert mine["version"] == 5
    assert mine["rows"] == [list(row) for row in other(data, mask).matrix]


@pytest.mark.parametrize("length", [length for length in LENGTHS if length])
def test_the_smallest_version_that_fits_gives_the_same_matrix(page, length):
    data = bytes_of(length)
    mine, theirs = page.evaluate(ENCODE, [list(data), 3]), other(data, 3)
    assert mine["version"] == theirs.version
    assert mine["rows"] == [list(row) for row in theirs.matrix]


@pytest.mark.parametrize("seed", range(6))
def test_without_a_mask_one_is_chosen_and_named_in_the_code(page, seed):
    data = bytes_of(60 + seed)
    mine = page.evaluate(ENCODE, [list(data), None])
    assert mine["rows"] == [list(row) for row in other(data, mine["mask"]).matrix]


def test_what_no_version_holds_is_refused(page):
    assert page.evaluate(REFUSES, 2332) == "RangeError"
