"""Every sentence that the page's scripts ask for exists, and every code has one, in both languages."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
WORDS = dict(re.findall(r'data-word="([^"]+)">\{% translate "(.*?)" %\}', (ROOT / "templates/words.html").read_text()))
UI = sorted((ROOT / "static/js/ui").glob("*.js"))
FORBIDDEN = re.compile(r"\b(tokens?|epochs?|bundles?|ratchets?|hash(es)?|payloads?)\b", re.I)


def codes() -> set[str]:
    closed = re.findall(
        r"[A-Z][A-Z_]+[A-Z]", (ROOT / "static/js/crypto/errors.js").read_text().split("LISTED")[1].split("};")[0]
    )
    more = re.findall(r'\["([A-Z_]+)",', (ROOT / "static/js/chat/codes.js").read_text())
    thrown = [
        code
        for folder in ("chat", "store", "transport")
        for path in (ROOT / "static/js" / folder).glob("*.js")
        for code in re.findall(r'Error\("([A-Z_]+)"', path.read_text())
    ]
    return {*closed, *more, *thrown}


@pytest.mark.parametrize("path", UI, ids=lambda path: path.name)
def test_each_word_that_a_script_says_exists(path):
    asked = re.findall(r'\bsay\("([\w.]+)"', path.read_text())
    assert [key for key in asked if key not in WORDS and f"{key}.other" not in WORDS] == []


@pytest.mark.parametrize("code", sorted(codes()))
def test_each_code_has_a_sentence(code):
    assert f"code.{code}" in WORDS


def test_no_sentence_uses_words_of_the_trade():
    assert [text for text in WORDS.values() if FORBIDDEN.search(text)] == []
