"""The authenticator app's secret as a picture and as text. The picture is SVG with attributes only: no style, no
script.
"""

import base64
import io
from urllib.parse import quote, urlencode

import segno
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from accounts.models import TOTPFactor

SECRET_GROUP_CHARS = 4
QUIET_ZONE_MODULES = 4


def otpauth_url(factor: TOTPFactor) -> str:
    """What authenticator apps read (Key URI format)."""
    issuer = settings.SITE_NAME.replace(":", "")
    label = quote(f"{issuer}:{factor.user.name}")
    return f"otpauth://totp/{label}?" + urlencode({"secret": _secret(factor), "issuer": issuer}, quote_via=quote)


def qr_svg(text: str) -> SafeString:
    out = io.BytesIO()
    segno.make(text, error="m").save(
        out,
        kind="svg",
        xmldecl=False,
        svgns=False,
        omitsize=True,
        border=QUIET_ZONE_MODULES,
        dark="#000",
        light="#fff",
        svgclass=None,
        lineclass=None,
    )
    return mark_safe(out.getvalue().decode("utf-8"))  # noqa: S308  made of numbers only; the text is in the dots


def grouped_secret(factor: TOTPFactor) -> str:
    secret = _secret(factor)
    return " ".join(secret[at : at + SECRET_GROUP_CHARS] for at in range(0, len(secret), SECRET_GROUP_CHARS))


def _secret(factor: TOTPFactor) -> str:
    return base64.b32encode(factor.seed()).decode("ascii")
