"""Files that a hostile server, or a hostile person, gives to the real page."""

import contextlib
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from reference.client import File
from reference.courier import PART_BYTES, Sealed, seal_file, upload
from reference.encoding import b64
from reference.primitives import sha256
from tests.attacks.pages import Peer, Stage
from tests.browser import attachments
from tests.browser.attachments import PLACE, bubble, photo

pytestmark = pytest.mark.browser

CHUNK = 65536 + 16
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="globalThis.__ran=1"><script>globalThis.__ran=1</script></svg>'
HTML = b"<!doctype html><script>globalThis.__ran=1</script>"
PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n%%EOF"
BLOB_TYPES = "__blobs.map((one) => one.type)"  # of what an <img> or a download may read
# How often bytes are decoded without one.
COUNT_DECODED = """() => {
  globalThis.__decoded = 0;
  for (const [owner, name] of [[globalThis, "createImageBitmap"], [HTMLImageElement.prototype, "decode"]]) {
    const decode = owner[name];
    owner[name] = function counted(...given) { __decoded += 1; return decode.apply(this, given); };
  }
  const Decoder = globalThis.ImageDecoder;
  globalThis.ImageDecoder = class extends Decoder { constructor(...given) { __decoded += 1; super(...given); } };
}"""


@pytest.fixture(scope="module")
def mallory(stage: Stage) -> Peer:
    """Somebody whose chat Alice has open, and who sends what no honest client sends."""
    peer = stage.peers.make("mallory", "Mallory M")
    peer.say(stage.uid, "here come files")
    stage.hers.open_chat(peer.shown)
    stage.hers.expect_message("here come files")
    return peer


def give(stage: Stage, peer: Peer, sealed: Sealed, **changes: Any) -> Sealed:
    """Uploads a blob and names it, with other words than its own where `changes` says so."""
    cid = peer.cids[bytes.fromhex(stage.uid)]
    upload(peer.client.person.web, cid, sealed)
    given = replace(sealed, content={**sealed.content, **changes})
    peer.peers.call(peer.client._send(cid, given.content))
    return given


def forged(sealed: Sealed, blob: bytes) -> Sealed:
    """Another blob whose hash the message names."""
    return Sealed(blob, {**sealed.content, "hash": b64(sha256(blob))})


def take(stage: Stage, name: str, button: str = "save") -> Locator:
    """What the page says after a press on a button of the file."""
    got = bubble(stage.hers, name)
    got.locator(f"[data-part={button}]").click()
    return got.locator("[data-part=error]")


@contextlib.contextmanager
def nothing_saved(stage: Stage) -> Iterator[None]:
    saved: list[Any] = []

    def note(download: Any) -> None:
        saved.append(download)

    stage.hers.page.on("download", note)
    before = stage.hers.page.evaluate(BLOB_TYPES)
    yield
    assert saved == []
    assert "application/octet-stream" not in stage.hers.page.evaluate(BLOB_TYPES)[len(before) :]
    stage.hers.page.remove_listener("download", note)


def serve(stage: Stage, blobs: dict[str, bytes]) -> None:
    """The server gives these bytes for these numbers of blobs."""

    def answer(path: str, given: Any) -> Any:
        found = re.fullmatch(r"/api/conversations/\w+/blobs/(\w+)/(\d+)/", path)
        if found is None or found[1] not in blobs or given.status != 200:
            return given
        number = int(found[2])
        rest = blobs[found[1]][number * PART_BYTES :]
        whole = (number + 1) * PART_BYTES >= len(blobs[found[1]]) - 1
        return given.with_body(rest if whole else rest[:PART_BYTES])

    stage.proxy.answer = answer


def test_a61_another_blob_is_refused_by_the_page(hostile, mallory):
    one = give(hostile, mallory, seal_file("one.bin", b"1" * 200_000))
    other = give(hostile, mallory, seal_file("other.bin", b"2" * 200_000))
    serve(hostile, {one.content["blob"]: other.blob})
    with nothing_saved(hostile):
        expect(take(hostile, "one.bin")).to_contain_text("changed on the way and was refused")
    hostile.proxy.honest()
    assert attachments.saved(hostile.hers, "one.bin") == ("one.bin", b"1" * 200_000)
    assert attachments.saved(hostile.hers, "other.bin") == ("other.bin", b"2" * 200_000)


def test_a62_pieces_in_another_order_or_number_are_refused_by_the_page(hostile, mallory):
    sealed = seal_file("pieces.bin", bytes(140_000))
    head, first, second = sealed.blob[:64], sealed.blob[64 : 64 + CHUNK], sealed.blob[64 + CHUNK : 64 + 2 * CHUNK]
    rest = sealed.blob[64 + 2 * CHUNK :]
    changed = "was changed on the way and was not saved"
    tries = {
        "turned.bin": (head + second + first + rest, changed),
        "doubled.bin": (head + first + first + rest, changed),
        "shorter.bin": (head + first + rest, changed),
        "cut.bin": (head + first + second, "not complete"),
        "rekeyed.bin": (head[:32] + bytes(32) + first + second + rest, "made with other keys"),
    }
    with nothing_saved(hostile):
        for name, (blob, words) in tries.items():
            again = seal_file(name, b"")
            content = {**sealed.content, "blob": again.content["blob"], "name": name}
            give(hostile, mallory, forged(Sealed(blob, content), blob))
            expect(take(hostile, name)).to_contain_text(words)


def test_a63_what_the_message_says_of_the_length_is_a_ceiling_in_the_page(hostile, mallory):
    exact = give(hostile, mallory, seal_file("exact.bin", b"x" * 100_000))
    serve(hostile, {exact.content["blob"]: exact.blob + b"\0"})
    with nothing_saved(hostile):
        expect(take(hostile, "exact.bin")).to_contain_text("changed on the way and was refused")
    serve(hostile, {exact.content["blob"]: exact.blob + bytes(64 * PART_BYTES)})
    with nothing_saved(hostile):
        expect(take(hostile, "exact.bin")).to_contain_text("changed on the way and was refused")
    hostile.proxy.honest()
    give(hostile, mallory, seal_file("half.bin", b"x" * 100_000), size=60_000)
    with nothing_saved(hostile):
        expect(take(hostile, "half.bin")).not_to_be_empty()
    asked = len(hostile.proxy.asked)
    for size in (2**32 + 1, 2**31, 104_857_601, 2**53 - 1):
        name = f"{size}.bin"
        give(hostile, mallory, seal_file(name, b"x"), size=size)
        with nothing_saved(hostile):
            expect(take(hostile, name)).to_contain_text("larger than is allowed")
    assert not [line for line in hostile.proxy.asked[asked:] if "/blobs/" in line]


NAMES = {
    "../../etc/passwd": "passwd",
    "C:\\Windows\\boot.ini": "boot.ini",
    "nul\0byte.png": "nulbyte.png",
    "photo\u202egnp.exe": "photognp.exe",
    "CON": "_CON",
    "com1.txt": "_com1.txt",
    "  ..  ": "file",
    "y" * 116 + ".pdf": "y" * 116 + ".pdf",
    'a<b>:"|?*.txt': "a_b______.txt",
    "\u2066hidden\u2069.html": "hidden.html",
}


def test_a64_the_name_that_is_shown_is_the_name_that_is_saved(hostile, mallory):
    for said, shown in NAMES.items():
        give(hostile, mallory, seal_file("x", said.encode()), name=said)
        expect(bubble(hostile.hers, shown)).to_have_count(1)
        name, content = attachments.saved(hostile.hers, shown)
        assert (name, content) == (shown, said.encode())
    names = hostile.hers.page.locator("message-file bdi").all_text_contents()
    assert not [name for name in names if re.search(r"[\u202a-\u202e\u2066-\u2069/\\]", name)]


def test_a65_what_is_active_is_never_drawn(hostile, mallory):
    page, before = hostile.hers.page, len(hostile.hers.violations())
    kinds = [("active.svg", SVG, "image/svg+xml"), ("claims.png", SVG, "image/png"), ("page.gif", HTML, "image/gif")]
    for name, data, mime in [*kinds, ("script.webp", PDF, "image/webp"), ("doc.pdf", PDF, "application/pdf")]:
        given = give(hostile, mallory, seal_file(name, data, mime=mime), thumb=b64(data))
        got = bubble(hostile.hers, name)
        expect(got).to_have_count(1)
        expect(got.locator("[data-part=picture]")).to_be_hidden()
        if mime not in ("image/svg+xml", "application/pdf"):
            expect(take(hostile, name, "show")).to_contain_text("cannot be shown here")
        assert attachments.saved(hostile.hers, name) == (name, data)
        assert page.evaluate(BLOB_TYPES)[-1] == "application/octet-stream"
    assert "image/svg+xml" not in page.evaluate(BLOB_TYPES)
    expect(page.locator("picture-dialog dialog[open]")).to_have_count(0)
    address = f"/api/conversations/{mallory.cids[bytes.fromhex(hostile.uid)].hex()}/blobs/{given.content['blob']}/0/"
    tab = hostile.hers.context.new_page()
    noted = len(hostile.hers.complaints)
    assert tab.goto(address).status == 404
    tab.close()
    del hostile.hers.complaints[noted:]
    assert page.evaluate("globalThis.__ran ?? null") is None
    assert hostile.hers.violations()[before:] == []


def bomb(width: int, height: int) -> bytes:
    """A small PNG that unfolds to width by height points."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + (width + 7) // 8)) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a66_a_picture_that_unfolds_without_end_is_not_decoded(hostile, mallory):
    page = hostile.hers.page
    page.evaluate(COUNT_DECODED)
    small = bomb(8_000, 5_001)
    tries = {"bomb.png": bomb(50_000, 50_000)[:400_000], "just-too-large.png": small}
    for name, data in tries.items():
        give(hostile, mallory, seal_file(name, data, mime="image/png"), thumb=b64(bomb(9_000, 4_000)[:16_000]))
        expect(bubble(hostile.hers, name)).to_have_count(1)
        expect(bubble(hostile.hers, name).locator("[data-part=picture]")).to_be_hidden()
        expect(take(hostile, name, "show")).to_contain_text("too large")
        assert "image/png" not in page.evaluate(BLOB_TYPES)
        assert page.evaluate("__decoded") == 0
    give(hostile, mallory, seal_file("fits.png", bomb(8_000, 5_000), mime="image/png"))
    bubble(hostile.hers, "fits.png").locator("[data-part=show]").click()
    expect(page.locator("picture-dialog dialog[open] img")).to_have_js_property("naturalWidth", 8_000)
    assert page.evaluate(BLOB_TYPES).count("image/png") == 1, "what is drawn is counted"
    page.keyboard.press("Escape")
    assert len(attachments.saved(hostile.hers, "bomb.png")[1]) == len(tries["bomb.png"])


def sent_by_alice(peer: Peer, name: str) -> tuple[File, bytes]:
    async def wait() -> tuple[File, bytes]:
        async for event in peer.client.events():
            if isinstance(event, File) and event.content["name"] == name:
                return event, await peer.client.fetch_file(event)
        raise AssertionError

    return peer.peers.call(wait())


def test_a67_a_picture_says_nothing_of_its_place_and_the_server_sees_no_thumbnail(stage, mallory):
    original = photo(stage.hers, 900, 600)
    attachments.send(stage.hers, ("where-i-live.jpg", original))
    file, got = sent_by_alice(mallory, "where-i-live.jpg")
    thumb = file.content["thumb"].encode()
    assert got.startswith(b"\xff\xd8\xff")
    assert len(got) > 5_000
    assert PLACE not in got
    assert b"Exif" not in got
    kept = [content for _name, content in stage.site.stored()]
    assert any(len(data) > 20_000 for data in kept)
    for secret in (b"where-i-live", b"image/jpeg\x00", PLACE, thumb[:60], got[200:260], got[-60:]):
        assert not [1 for data in kept if secret in data], secret[:20]
    attachments.send(stage.hers, ("by-choice.jpg", original), as_they_are=True)
    assert sent_by_alice(mallory, "by-choice.jpg")[1] == original
