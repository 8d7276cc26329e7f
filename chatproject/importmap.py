"""The import map: every module's source path to its hashed name, each with its SHA-384, and the map's own hash for
the policy.

The page carries the map inline; the policy allows exactly this text. One changed byte of a module, and the browser
refuses to run it.
"""

import base64
import functools
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest

from chatproject.lib import builds


@dataclass(frozen=True, slots=True)
class ImportMap:
    """`text` goes into the page as it is; `csp_hash` is its SHA-256, base64; `integrity` maps source path to
    `sha384-...`.
    """

    text: str
    csp_hash: str
    integrity: dict[str, str]

    @property
    def manifest_hash(self) -> str:
        """SHA-256 of the text in hex: what the policy allows is what stands in the log as this release."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def is_gathered() -> bool:
    """Whether the static files have their hashed names, without which there is no import map in production."""
    return bool(getattr(staticfiles_storage, "hashed_files", True))


@functools.cache
def import_map() -> ImportMap:
    sources = sorted(_module_paths())
    integrity = {path: _sha384(_bytes_of(path)) for path in sources}
    addresses = {path: staticfiles_storage.url(path) for path in sources}
    text = json.dumps(
        {
            "imports": {settings.STATIC_URL + path: addresses[path] for path in sources},
            "integrity": {addresses[path]: integrity[path] for path in sources},
        },
        separators=(",", ":"),
    )
    made = ImportMap(text, _sha256(text.encode()), integrity)
    builds.know(made.manifest_hash[: builds.DIGITS])
    return made


def context(request: HttpRequest) -> dict[str, str]:
    """What every template may know of the site."""
    return {"site_name": settings.SITE_NAME, "registration": settings.REGISTRATION}


def _module_paths() -> set[str]:
    """Source paths of all modules: from the manifest, or from the folders where there is none."""
    hashed = getattr(staticfiles_storage, "hashed_files", None)
    names = list(hashed) if hashed else [name for finder in finders.get_finders() for name, _ in finder.list([])]
    return {name for name in names if name.startswith("js/") and name.endswith(".js")}


def _bytes_of(path: str) -> bytes:
    hashed = getattr(staticfiles_storage, "hashed_files", None)
    if hashed:
        return Path(settings.STATIC_ROOT, hashed[path]).read_bytes()
    found = finders.find(path)
    if not isinstance(found, str):
        raise FileNotFoundError(path)
    return Path(found).read_bytes()


def _sha384(content: bytes) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


def _sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()
