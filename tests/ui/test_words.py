"""Every sentence that the page's scripts ask for exists, and every code has one, in both languages."""

import re
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
WORDS = {
    key: text
    for path in sorted((ROOT / "templates").glob("words*.html"))
    for key, text in re.findall(r'data-word="([^"]+)">\{% translate "(.*?)" %\}', path.read_text())
}
SPANISH = {entry.msgid: entry.msgstr for entry in polib.pofile(str(ROOT / "locale/es/LC_MESSAGES/django.po"))}
UI = sorted((ROOT / "static/js/ui").glob("*.js"))
FORBIDDEN = re.compile(r"\b(tokens?|epochs?|bundles?|ratchets?|hash(es)?|payloads?)\b", re.I)
PLURAL_YOU = re.compile(r"vosotr|vuestr|ustedes|\b(os|sois|[cC]omparad(lo|los|la|las)?)\b|\w[áéí]is\b", re.I)
SERVER_CODE = re.compile(r'(?:Error|Refused|Refusal|error_response|BadFrame|Problem)\(\s*"([A-Z_]+)"')


def listed() -> dict[str, list[str]]:
    """The closed list, by class."""
    body = (ROOT / "static/js/crypto/errors.js").read_text().split("LISTED")[1].split("};")[0]
    return {group: codes.split() for group, codes in re.findall(r"(\w): `([^`]+)`", body)}


def codes() -> set[str]:
    closed = [code for group in listed().values() for code in group]
    more = re.findall(r'\["([A-Z_]+)",', (ROOT / "static/js/chat/codes.js").read_text())
    thrown = [
        code
        for folder in ("chat", "store", "transport")
        for path in (ROOT / "static/js" / folder).glob("*.js")
        for code in re.findall(r'Error\("([A-Z_]+)"', path.read_text())
    ]
    return {*closed, *more, *thrown, *server_codes()}


def server_codes() -> set[str]:
    """What the server's answers may carry: refusals, frames, and the answers of the error pages."""
    found = {"FORBIDDEN", "SERVER_ERROR", "BAD_FRAME"}
    for app in ("accounts", "chatproject", "conversations", "keys"):
        for path in (ROOT / app).rglob("*.py"):
            if not {"tests", "backup"} & set(path.parts):  # a backup's codes are said in the terminal
                found.update(SERVER_CODE.findall(path.read_text()))
    return found


@pytest.mark.parametrize("path", UI, ids=lambda path: path.name)
def test_each_word_that_a_script_says_exists(path):
    asked = re.findall(r'\bsay\("([\w.]+)"', path.read_text())
    assert [key for key in asked if key not in WORDS and f"{key}.other" not in WORDS] == []


@pytest.mark.parametrize("code", sorted(codes()))
def test_each_code_has_a_sentence_that_says_what_happened_and_what_to_do(code):
    for text in (WORDS[f"code.{code}"], SPANISH[WORDS[f"code.{code}"]]):
        assert len(re.split(r"[.;:,]\s", text)) >= 2, text
        assert len(text.split()) >= 7, text


@pytest.mark.parametrize("code", listed()["W"])
def test_each_warning_has_a_line_and_an_explanation(code):
    assert f"notice.{code}" in WORDS or f"notice.{code}.other" in WORDS
    assert len(WORDS[f"explain.{code}"].split(". ")) >= 2


@pytest.mark.parametrize("code", listed()["B"])
def test_each_stop_has_its_own_text_with_a_harmless_and_a_harmful_reading(code):
    title, means, advice = (WORDS[f"stop.{code}.{part}"] for part in ("title", "means", "advice"))
    assert len({title, means, advice}) == 3
    assert len(re.split(r"[.,] ", means)) >= 2, means
    titles = [text for key, text in WORDS.items() if re.fullmatch(r"stop\.[A-Z_]+\.title", key)]
    assert titles.count(title) == 1


def test_no_sentence_uses_words_of_the_trade():
    assert [text for text in WORDS.values() if FORBIDDEN.search(text)] == []


def test_each_sentence_has_a_spanish_twin_that_speaks_to_one_person():
    assert [text for text in WORDS.values() if not SPANISH.get(text)] == []
    assert [text for text in SPANISH.values() if PLURAL_YOU.search(text)] == []
