"""The real page with a made-up Messenger: templates, styles and elements as people get them, under the real policy.

`python -m tests.ui.preview 8130`, then open http://127.0.0.1:8130/chat/?scene=open&lang=es&theme=dark
"""

import mimetypes
import os
import re
import sys
from collections.abc import Iterable
from functools import partial
from http.cookies import SimpleCookie
from pathlib import Path
from socketserver import ThreadingMixIn
from types import SimpleNamespace
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.template.loader import render_to_string  # noqa: E402
from django.test import RequestFactory  # noqa: E402
from django.utils import translation  # noqa: E402

from chatproject.importmap import import_map  # noqa: E402
from chatproject.middleware import content_security_policy  # noqa: E402

HERE = Path(__file__).resolve().parent
STATIC = HERE.parent.parent / "static"
ME = SimpleNamespace(uid=SimpleNamespace(hex="a1" * 16), name="alice", is_authenticated=True)


class Server(ThreadingMixIn, WSGIServer):
    request_queue_size = 128  # a page asks for all its modules at once
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        """Tests read the page, not a log."""


def page(query: dict[str, list[str]], cookies: dict[str, str]) -> bytes:
    import_map.cache_clear()
    request = RequestFactory().get("/chat/")
    request.user = ME
    request.COOKIES.update(cookies)
    if "theme" in query:
        request.COOKIES["theme"] = query["theme"][0]
    language = query.get("lang", [cookies.get("lang", "en")])[0]
    with translation.override(language):
        text = render_to_string("conversations/chat.html", {}, request)
    return re.sub(
        r'<script type="module"[^>]*></script>', '<script type="module" src="/preview/main.js"></script>', text
    ).encode()


def found(path: str) -> bytes | None:
    root, name = (STATIC, path[8:]) if path.startswith("/static/") else (HERE, path[9:])
    file = (root / name).resolve()
    return file.read_bytes() if file.is_relative_to(root) and file.is_file() else None


def app(environ: dict[str, str], start: object, *, static: str) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == "/chat/":
        jar = SimpleCookie(environ.get("HTTP_COOKIE", ""))
        body: bytes | None = page(parse_qs(environ["QUERY_STRING"]), {key: morsel.value for key, morsel in jar.items()})
        kind = "text/html; charset=utf-8"
    else:
        body = found(path)
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    headers = [
        ("Content-Type", kind),
        ("Content-Security-Policy", content_security_policy()),
        ("Cache-Control", static if path.startswith("/static/") else "no-store"),
    ]
    start("200 OK" if body is not None else "404 Not Found", headers)  # type: ignore[operator]
    return [body or b""]


def server(port: int = 0, *, static: str = "no-store") -> WSGIServer:
    """`static`: how long a browser keeps the static files (Cache-Control)."""
    return make_server("127.0.0.1", port, partial(app, static=static), Server, Quiet)  # type: ignore[arg-type]


if __name__ == "__main__":
    with server(int(sys.argv[1]) if len(sys.argv) > 1 else 8130) as running:
        print(f"http://127.0.0.1:{running.server_port}/chat/?scene=open")
        running.serve_forever()
