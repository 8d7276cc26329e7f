"""Files for the browser tests, and what a person does with them."""

import base64
import secrets
import struct
from pathlib import Path

from playwright.sync_api import Locator, expect

from tests.browser.profile import SAVE_MS, STATE_MS, Profile

PLACE = b"48.8583701 N 2.2944813 E"  # stands in what the camera wrote
DRAW = """async ([width, height, type]) => {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  const sky = context.createLinearGradient(0, 0, width, height);
  ["#0b5c66", "#e9b872", "#f3ecd9"].forEach((colour, at) => sky.addColorStop(at / 2, colour));
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height);
  context.fillStyle = "#c1440e";
  context.beginPath();
  context.arc(width * 0.7, height * 0.35, height * 0.16, 0, 7);
  context.fill();
  const blob = await canvas.convertToBlob({ type, quality: 0.9 });
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""


def photo(profile: Profile, width: int = 1200, height: int = 800) -> bytes:
    """A JPEG as of a camera: with an Exif segment that says where it was taken."""
    plain = drawn(profile, width, height, "image/jpeg")
    said = b"Exif\0\0" + b"II*\0\x08\0\0\0" + PLACE
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(said) + 2) + said + plain[2:]


def drawn(profile: Profile, width: int, height: int, kind: str) -> bytes:
    return base64.b64decode(profile.page.evaluate(DRAW, [width, height, kind]))


def choose(profile: Profile, *files: tuple[str, bytes]) -> Locator:
    """Name and bytes of each; the dialog that asks before they go."""
    given = [_on_disk(profile, *one) for one in files]
    profile.page.locator("message-composer [data-part=files]").set_input_files(given)
    dialog = profile.page.locator("send-files-dialog dialog[open]")
    expect(dialog.locator("[data-part=send]")).to_be_enabled()
    return dialog


def _on_disk(profile: Profile, name: str, content: bytes) -> Path:
    """Large ones would not fit through the line to the browser; the browser tells the type by the name."""
    folder = profile.folder / f"given-{secrets.token_hex(4)}"
    folder.mkdir()
    (folder / name).write_bytes(content)
    return folder / name


def send(profile: Profile, *files: tuple[str, bytes], as_they_are: bool = False) -> None:
    dialog = choose(profile, *files)
    if as_they_are:
        dialog.locator("[data-part=keep]").check()
    dialog.locator("[data-part=send]").click()
    expect(profile.page.locator("send-files-dialog dialog")).to_be_hidden(timeout=STATE_MS)


def bubble(profile: Profile, name: str) -> Locator:
    named = profile.page.locator("message-file bdi").get_by_text(name, exact=True)
    return profile.page.locator("message-bubble", has=named)


def expect_file(profile: Profile, name: str, *, state: str = "") -> Locator:
    """Shown once; one's own at least so far."""
    found = bubble(profile, name)
    expect(found).to_have_count(1, timeout=STATE_MS)
    if state:
        states = ["queued", "sent", "delivered", "read"]
        reached = states[states.index(state) :] if state != "queued" else ["queued"]
        marks = ", ".join(f"[data-part=state][data-state={one}]" for one in reached)
        expect(found.locator(marks)).to_be_visible(timeout=SAVE_MS)
    return found


def saved(profile: Profile, name: str) -> tuple[str, bytes]:
    return profile.saved_by(bubble(profile, name).locator("[data-part=save]"))
