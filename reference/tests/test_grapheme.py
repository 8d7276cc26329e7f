"""Texts as a browser's Intl.Segmenter cuts them (Unicode 17)."""

import pytest

from reference.grapheme import is_grapheme

ONE = {
    "a letter": "a",
    "with two marks": "e\u0301\u0323",
    "a mark alone": "\u0301",
    "a line end": "\r\n",
    "a control": "\n",
    "a heart in colour": "\u2764\ufe0f",
    "a key cap": "1\ufe0f\u20e3",
    "a thumb with a skin": "\U0001f44d\U0001f3fd",
    "a family": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "a flag": "\U0001f1ea\U0001f1f8",
    "a flag of tags": "\U0001f3f4\U000e0067\U000e0062\U000e007f",
    "a syllable of three": "\u1112\u1161\u11ab",
    "a whole syllable and a tail": "\uac00\u11a8",
    "a vowel sign": "\u0915\u093f",
    "a conjunct": "\u0915\u094d\u0937",
    "a conjunct with a joiner": "\u0915\u094d\u200d\u0937",
    "thai with am": "\u0e01\u0e33",
    "a number sign before": "\u06005",
    "a joiner alone": "\u200d",
}
NOT_ONE = {
    "nothing": "",
    "two letters": "ab",
    "two line ends": "\n\n",
    "turned around": "\n\r",
    "a mark on a line end": "\n\u0301",
    "a letter and a space": "a ",
    "two emoji": "\U0001f44d\U0001f44d",
    "joined letters": "a\u200db",
    "an emoji joined to a letter": "\U0001f44d\u200da",
    "a flag and a half": "\U0001f1ea\U0001f1f8\U0001f1ea",
    "two syllables": "\uac00\uac00",
    "a tail and a vowel": "\u11a8\u1161",
    "two consonants": "\u0915\u0937",
    "a vowel behind a virama": "\u0915\u094d\u0905",
    "a sign that stands apart": "a\u102b",
}


@pytest.mark.parametrize("text", ONE.values(), ids=ONE)
def test_it_is_one(text):
    assert is_grapheme(text)


@pytest.mark.parametrize("text", NOT_ONE.values(), ids=NOT_ONE)
def test_it_is_not_one(text):
    assert not is_grapheme(text)
