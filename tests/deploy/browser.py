"""The story of an installation in real browsers: `python -m tests.deploy.browser ORIGIN [-- COMMAND...]`.

Two people sign up in Chromium, make keys, save and prove their key files, and write to each other. Then COMMAND runs (a
restart, a rolling update) while she writes on and he reads; afterwards every text must be shown once and in order at
both, both must be able to go on, and a new browser must open all of it from her key file. A certificate that no
authority vouches for is taken, as by somebody who clicked through the warning.
"""

import argparse
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import expect, sync_playwright

from tests.browser.conftest import CHROMIUM_FLAGS
from tests.browser.people import Person
from tests.browser.profile import Profile, profiles
from tests.deploy.story import wait_until_ready

PAUSE_MS, MOST_TEXTS = 1_500, 30
ARRIVAL_MS = 60_000  # the way back after a cut waits 30 s at most, and a restart takes its time


@dataclass(frozen=True)
class Abroad:
    """A site that somebody else runs: nothing of it is known but its address."""

    url: str

    @property
    def hosts(self) -> set[str]:
        return {urlsplit(self.url).netloc}


def tell(newcomer: Callable[[], Profile], command: Sequence[str]) -> list[str]:
    """The texts that were written."""
    mark = secrets.token_hex(3)
    alice, bob = Person(f"alice-{mark}", f"Alice {mark}"), Person(f"bob-{mark}", f"Bob {mark}")
    hers, his = newcomer(), newcomer()
    for profile, person in ((hers, alice), (his, bob)):
        profile.new_account(person)
        profile.make_keys(person)
    hers.start_chat(bob)
    texts = ["First words"]
    hers.send(texts[0])
    his.open_chat(alice)
    his.expect_message(texts[0])
    texts += _during(hers, command)
    for profile in (hers, his):
        expect(profile.bubble(texts[-1])).to_have_count(1, timeout=ARRIVAL_MS)
    for text in texts:
        hers.expect_message(text, state="sent")
        his.expect_message(text)
    texts.append("And back")
    his.send(texts[-1])
    hers.expect_message(texts[-1])
    third = newcomer()
    third.log_in(alice)
    third.import_key_file(alice.key_file, alice.passphrase)
    third.expect_chats()
    third.open_chat(bob)
    for profile in (hers, his, third):
        profile.expect_message(texts[-1])
        profile.scroll_to_the_beginning()
        _hold(profile.texts() == texts, f"{profile.texts()} is shown, {texts} was written")
    return texts


def _during(hers: Profile, command: Sequence[str]) -> list[str]:
    """What she writes while the command runs, and once more."""
    texts: list[str] = []
    process = subprocess.Popen(command or ["true"], stdout=sys.stderr)
    ended = False
    while not ended:
        ended = process.poll() is not None
        if ended or len(texts) < MOST_TEXTS:
            texts.append(f"Meanwhile {len(texts)}")
            hers.send(texts[-1])
        hers.page.wait_for_timeout(PAUSE_MS)
    _hold(process.returncode == 0, f"the command ended with {process.returncode}")
    return texts


def _hold(condition: bool, what: str) -> None:
    if not condition:
        raise AssertionError(what)


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("origin")
    own, command = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    site = Abroad(parser.parse_args(own).origin.rstrip("/"))
    wait_until_ready(site.url)
    started = time.monotonic()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(CHROMIUM_FLAGS))
        with profiles(Path(folder)) as make:
            met: list[Profile] = []

            def newcomer() -> Profile:
                met.append(make(chromium, site, ignore_https_errors=True))
                return met[-1]

            try:
                texts = tell(newcomer, command)
            except AssertionError:
                print("refused or failed:", *(line for one in met for line in one.refused), sep="\n", file=sys.stderr)
                raise
        chromium.close()
    print(
        f"story told in browsers in {time.monotonic() - started:.1f} s: {len(texts)} texts, each shown once and in "
        "order in three browsers, the third opened with the key file"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
