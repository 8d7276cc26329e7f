"""The only place that knows what a user name and a display name may look like, and how names are folded for search."""

import re
import unicodedata

NAME_MIN_CHARS = 3
NAME_MAX_CHARS = 32
NAME_PATTERN = rf"^[a-z0-9._-]{{{NAME_MIN_CHARS},{NAME_MAX_CHARS}}}$"
DISPLAY_NAME_MAX_CHARS = 64
WORD_MAX_CHARS = 64
SEARCH_MAX_WORDS = 4

_NAME = re.compile(rf"[a-z0-9._-]{{{NAME_MIN_CHARS},{NAME_MAX_CHARS}}}")
_SPACES = re.compile(r"\s+")
_NOT_WORD = re.compile(r"[\W_]+")
_SIGNS = re.compile(r"[._-]+")
_UNSEEN_CATEGORIES = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}


def fold_name(typed: str) -> str:
    """What a person typed as user name, in the one form it is stored in (protocol section 1)."""
    return unicodedata.normalize("NFC", typed.strip()).lower()


def is_name(name: str) -> bool:
    """True for 3..32 of [a-z0-9._-] (protocol section 1)."""
    return _NAME.fullmatch(name) is not None


def clean_display_name(typed: str) -> str:
    """NFC without control, bidi and other unseen characters, runs of spaces made one. May be empty: the caller
    refuses.
    """
    text = unicodedata.normalize("NFC", _SPACES.sub(" ", typed))
    seen = "".join(char for char in text if unicodedata.category(char) not in _UNSEEN_CATEGORIES)
    return _SPACES.sub(" ", seen).strip()


def fold_words(text: str) -> list[str]:
    """The words of a text without case and accents, each once, in order."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    words = [word[:WORD_MAX_CHARS] for word in _NOT_WORD.split(bare.casefold()) if word]
    return list(dict.fromkeys(words))


def directory_words(*, name: str, display_name: str) -> list[str]:
    """Every word under which a person is found: the whole user name, its parts, the words of the display name."""
    return list(dict.fromkeys([name, *fold_words(name), *fold_words(display_name)]))


def search_words(typed: str) -> list[str]:
    """What somebody typed into the search, as prefixes that all have to match. A user name is found by its parts, like
    a name shown with the same signs; only one that is nothing but signs has none, and is looked for as it is.
    """
    words = fold_words(typed)[:SEARCH_MAX_WORDS]
    whole = fold_name(typed)
    return words or ([whole] if _SIGNS.fullmatch(whole) else [])
