"""System checks of the whole: what must not be forgotten when this is more than an embedded server."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

LOCAL = ("localhost", "127.0.0.1", "[::1]")


@register(Tags.security)
def needs_tls(**kwargs: Any) -> list[CheckMessage]:
    """Browsers give no cryptography to pages over plain HTTP, except from this machine itself."""
    host = settings.SITE_URL.split("://", 1)[-1].split(":", 1)[0]
    if settings.TLS or host in LOCAL:
        return []
    return [Error("SITE_URL must begin with https:// (browsers refuse cryptography otherwise).", id="chat.E001")]


@register(Tags.security)
def hides_factor_secrets(**kwargs: Any) -> list[CheckMessage]:
    if settings.OTP_ADMIN_HIDE_SENSITIVE_DATA:
        return []
    return [Error("OTP_ADMIN_HIDE_SENSITIVE_DATA must stay on.", id="chat.E002")]


@register(Tags.compatibility)
def redis_client_is_bounded(**kwargs: Any) -> list[CheckMessage]:
    """Version 8 of the Redis client times out idle readers of the channel layer after 5 seconds."""
    import redis

    if int(redis.__version__.split(".")[0]) < 8:
        return []
    return [Error("The redis package must be below version 8.", id="chat.E003")]


@register(Tags.security, deploy=True)
def proxies_are_declared(**kwargs: Any) -> list[CheckMessage]:
    if settings.TRUSTED_PROXY_COUNT or not settings.TLS:
        return []
    return [Warning("SITE_URL is https but TRUSTED_PROXY_COUNT is 0: limits would count the proxy.", id="chat.W004")]


@register(Tags.caches)
def counters_are_shared(**kwargs: Any) -> list[CheckMessage]:
    """PostgreSQL is what several processes share; whether there are several, none of them can see."""
    shared = any(not database["ENGINE"].endswith("sqlite3") for database in settings.DATABASES.values())
    if settings.REDIS_URL or not shared:
        return []
    hint = "Set REDIS_URL, or run one process only."
    words = "Without REDIS_URL each process counts tries for itself, and bells reach its own sockets only."
    return [Warning(words, hint=hint, id="chat.W005")]
