"""The newest log head as a C2SP checkpoint (tlog-checkpoint, signed-note), for mirrors and witnesses. Public."""

import base64
import hashlib
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from chatproject.lib.bridge import run
from keys import services, signer
from keys.models import LogHead

ED25519 = b"\x01"  # signature type of signed-note


@require_safe
async def show(request: HttpRequest) -> HttpResponse:
    text = await run(_current)
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})


def origin() -> str:
    """The log's name: the site without scheme, then /log. Also the name of its key."""
    site = urlsplit(settings.SITE_URL)
    return f"{site.netloc}{site.path}/log"


def key_id(name: str, public_key: bytes) -> bytes:
    """The first four bytes of SHA-256(name || 0x0A || type || public key)."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public_key).digest()[:4]


def checkpoint(head: LogHead) -> str:
    """Origin, size, root; an empty line; the log's signature over the three lines."""
    name = origin()
    text = f"{name}\n{head.size}\n{_base64(bytes(head.root))}\n"
    sig = key_id(name, signer.public_key()) + signer.sign_note(text.encode())
    return f"{text}\n\N{EM DASH} {name} {_base64(sig)}\n"


def _current() -> str:
    return checkpoint(services.current_head())


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
