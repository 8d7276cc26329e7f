"""Where a request comes from: the only place that reads forwarded addresses."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The address that the outermost trusted proxy saw, counted from the right; the peer's own without trusted
    proxies.
    """
    return _resolve(request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", ""))


def scope_address(scope: Mapping[str, Any]) -> str:
    """The same for an ASGI scope."""
    peer = (scope.get("client") or ("",))[0]
    forwarded = b",".join(value for name, value in scope.get("headers", []) if name == b"x-forwarded-for")
    return _resolve(peer, forwarded.decode("latin-1"))


def network_prefix(address: str) -> str:
    """The part of an address that limits count by: /24 for IPv4, /56 for IPv6, "unknown" for anything else. An IPv4
    address in IPv6 clothes, as a listener for both sees it, counts as what it is: they all share one /56.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    bits = 24 if parsed.version == 4 else 56
    return str(ipaddress.ip_network((parsed, bits), strict=False))


def _resolve(peer: str, forwarded: str) -> str:
    count = settings.TRUSTED_PROXY_COUNT
    chain = [part.strip() for part in forwarded.split(",") if part.strip()]
    return chain[-count] if count and len(chain) >= count else peer
