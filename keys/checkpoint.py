"""The log for mirrors, witnesses and `verify-assets`: public, without a login.

The newest head as a C2SP checkpoint (tlog-checkpoint, signed-note), the key that signs it, and all leaf hashes. Hashes
only: a leaf holds the hash of a name, and names can be guessed; the hash over a leaf holds a key nobody can guess.
"""

import base64
import hashlib
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from chatproject.lib.api import api_view, as_count, read_query
from chatproject.lib.bridge import run
from chatproject.lib.encoding import to_base64url
from keys import services, signer
from keys.models import LogHead

ED25519 = b"\x01"  # signature type of signed-note
MAX_INDEX = 2**53 - 1


@require_safe
async def show(request: HttpRequest) -> HttpResponse:
    text = await run(_current)
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})


@require_safe
async def key(request: HttpRequest) -> HttpResponse:
    """The log's key as signed-note's verifiers take it: name+id+base64(type || key)."""
    name, public_key = origin(), await run(signer.public_key)
    line = f"{name}+{key_id(name, public_key).hex()}+{_base64(ED25519 + public_key)}\n"
    return HttpResponse(line, content_type="text/plain; charset=utf-8")


@api_view("GET")
async def hashes(request: HttpRequest) -> dict[str, Any]:
    """Leaf hashes from index `from` on, at most 2000 at a time, up to the size of the head."""
    start = read_query(request, {"from": (as_count(0, MAX_INDEX), 0)})["from"]
    values, size = await run(services.hash_page, start=start)
    return {"hashes": [to_base64url(value) for value in values], "size": size}


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
    pub = signer.public_key()
    sig = key_id(name, pub) + signer.sign_note(text.encode())
    return f"{text}\n\N{EM DASH} {name} {_base64(sig)}\n"


def _current() -> str:
    return checkpoint(services.current_head())


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
