"""System checks of what accounts relies on."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

FIELD_KEY_BYTES = 32


@register(Tags.security)
def field_keys_are_usable(**_kwargs: Any) -> list[CheckMessage]:
    keys = getattr(settings, "FIELD_KEYS", [])
    if keys and all(isinstance(key, bytes) and len(key) == FIELD_KEY_BYTES for key in keys):
        return []
    return [Error("FIELD_KEYS must hold at least one key of 32 bytes.", id="accounts.E001")]


@register(Tags.security)
def gate_is_installed(**_kwargs: Any) -> list[CheckMessage]:
    if "accounts.middleware.FullLoginRequired" in settings.MIDDLEWARE:
        return []
    return [Error("accounts.middleware.FullLoginRequired must be in MIDDLEWARE.", id="accounts.E002")]
