"""Password rules of our own: not too long for the hasher, and not made of the words a guesser tries first."""

import re
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.names import fold_words

PASSWORD_MAX_CHARS = 128
CONTEXT_WORD_MIN_CHARS = 4
OWN_CHARS_MIN = 8


class ContextWordsValidator:
    """Refuses passwords that are little more than the site's or the person's own names."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > PASSWORD_MAX_CHARS:
            raise ValidationError(
                _("Use at most %(max)d characters."), code="password_too_long", params={"max": PASSWORD_MAX_CHARS}
            )
        rest = "".join(fold_words(password))
        for word in _context_words(user):
            rest = rest.replace(word, "")
        if len(rest) < OWN_CHARS_MIN and len(rest) < len("".join(fold_words(password))):
            raise ValidationError(
                _("Your password is mostly a name that others know. Add words of your own."), code="password_context"
            )

    def get_help_text(self) -> str:
        return _("Not your name, and not the name of this site.")


def _context_words(user: Any) -> list[str]:
    texts = [settings.SITE_NAME, re.sub(r"^https?://", "", settings.SITE_URL), "password", "contrasena"]
    texts += [getattr(user, field, "") or "" for field in ("name", "display_name", "email")]
    words = {word for text in texts for word in [*fold_words(text), "".join(fold_words(text))]}
    return sorted((word for word in words if len(word) >= CONTEXT_WORD_MIN_CHARS), key=len, reverse=True)
