"""The only place that sets security headers: on every answer, errors, admin and static files included."""

import functools
from collections.abc import Awaitable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chatproject import importmap
from chatproject.lib.bothways import BothWays

PERMISSIONS = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "usb",
)


def content_security_policy() -> str:
    """One policy for all pages: our own files and the import map's hash; strings never become markup or code."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' 'sha256-{importmap.import_map().csp_hash}'",
            "style-src 'self'",
            "img-src 'self' blob:",
            "font-src 'self'",
            " ".join(["connect-src", "'self'", *_socket_origins()]),
            "manifest-src 'self'",
            "worker-src blob:",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "object-src 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types digest-workers",
        ]
    )


def _socket_origins() -> list[str]:
    """The same hosts with the socket's scheme, for engines that do not count it as 'self'."""
    return [origin.replace("http", "ws", 1) for origin in settings.ALLOWED_ORIGINS]


@functools.cache
def security_headers() -> dict[str, str]:
    headers = {
        "Content-Security-Policy": content_security_policy(),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": ", ".join(f"{name}=()" for name in PERMISSIONS),
        # Not no-referrer: with it browsers send "Origin: null" on form posts, and the check of origins refuses them.
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    if settings.SECURE_HSTS_SECONDS:
        headers["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains"
    return headers


class SecurityHeaders(BothWays):
    """Outermost middleware. Pages and JSON are never stored by caches; static files keep their own caching."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._call_async(request)
        return _dress(self.get_response(request))  # type: ignore[arg-type]

    async def _call_async(self, request: HttpRequest) -> HttpResponse:
        return _dress(await self.get_response(request))  # type: ignore[misc]


# Bytes as they are, often what somebody sent: whatever a browser makes of them, they are nobody's page and may nothing.
OPAQUE = "application/octet-stream"
OPAQUE_POLICY = (
    "default-src 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'; sandbox"
)


def _dress(response: HttpResponse) -> HttpResponse:
    for name, value in security_headers().items():
        response[name] = value
    if response.get("Content-Type") == OPAQUE:
        response["Content-Security-Policy"] = OPAQUE_POLICY
    response.setdefault("Cache-Control", "no-store")
    return response
