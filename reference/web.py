"""HTTP with a cookie jar: pages as a browser posts them, and the JSON contract. Blocking; use it from a thread."""

import json
from email.message import Message
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

TIMEOUT_SECONDS = 30.0


class HttpRefused(Exception):
    """The server said no: its status and, from the JSON contract, its code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code


class Web:
    """One browser's cookies at one server; `origin` like https://chat.example."""

    def __init__(self, origin: str) -> None:
        if urlsplit(origin).scheme not in ("http", "https"):
            raise ValueError("an http or https origin is needed")
        self.origin = origin.rstrip("/")
        self._jar = CookieJar()
        self._opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(self._jar))

    @property
    def cookies(self) -> str:
        """All cookies as one header, for the socket."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._jar)

    def page(self, path: str) -> str:
        """A page's HTML, after redirects."""
        return self._open(Request(self.origin + path))  # noqa: S310  the scheme was checked

    def fetch(self, path: str, *, most: int | None = None) -> tuple[bytes, Message]:
        """What stands at a path of this origin, as it is, with the answer's headers; redirects end elsewhere. One byte
        above `most` is read, no more.
        """
        if not path.startswith("/") or path.startswith("//"):
            raise HttpRefused(0, "another origin")
        try:
            with self._opener.open(Request(self.origin + path), timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
                return response.read(None if most is None else most + 1), response.headers
        except HTTPError as error:
            raise HttpRefused(error.code, "") from None

    def submit(self, path: str, fields: dict[str, str]) -> str:
        """Post a form; the HTML of where it leads."""
        body = urlencode({"csrfmiddlewaretoken": self._csrf(), **fields}).encode()
        return self._open(self._unsafe(path, body, "application/x-www-form-urlencoded"))

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self._json(Request(f"{self.origin}{path}?{urlencode(query)}"))  # noqa: S310

    def post(self, path: str, **fields: Any) -> dict[str, Any]:
        request = self._unsafe(path, json.dumps(fields).encode(), "application/json")
        request.add_header("X-CSRFToken", self._csrf())
        return self._json(request)

    def put(self, path: str, body: bytes) -> dict[str, Any]:
        """Bytes as they are."""
        request = self._unsafe(path, body, "application/octet-stream", method="PUT")
        request.add_header("X-CSRFToken", self._csrf())
        return self._json(request)

    def _unsafe(self, path: str, body: bytes, content_type: str, *, method: str = "POST") -> Request:
        headers = {"Content-Type": content_type, "Origin": self.origin, "Referer": self.origin + path}
        return Request(self.origin + path, data=body, headers=headers, method=method)  # noqa: S310

    def _csrf(self) -> str:
        token = next((cookie.value for cookie in self._jar if cookie.name.endswith("csrf")), None)
        return token or ""

    def _json(self, request: Request) -> dict[str, Any]:
        answer = json.loads(self._open(request))
        return dict(answer)

    def _open(self, request: Request) -> str:
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                return str(response.read().decode())
        except HTTPError as error:
            raise HttpRefused(error.code, _code_of(error.read())) from None


def _code_of(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return ""
