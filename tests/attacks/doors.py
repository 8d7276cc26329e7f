"""A visitor without a browser: cookies, one request at a time, no redirect followed, from a network of their choice."""

import http.client
import json
import re
import time
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

SECONDS = 30
FACTOR = re.compile(r"[\w.]*totpfactor/\d+")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str
    seconds: float

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")


@dataclass
class Visitor:
    """`network` is what the trusted proxy in front of the server says; the server must be told to trust one."""

    origin: str
    network: str = "198.51.100.1"
    cookies: dict[str, str] = field(default_factory=lambda: {"csrf": "a" * 32})
    factor: str = ""

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, path: str, **fields: str) -> Answer:
        """As a form."""
        body = urlencode({"csrfmiddlewaretoken": self.cookies["csrf"], **fields}).encode()
        return self.ask("POST", path, body, "application/x-www-form-urlencoded")

    def post_json(self, path: str, **fields: object) -> Answer:
        return self.ask("POST", path, json.dumps(fields).encode(), "application/json")

    def ask(
        self, method: str, path: str, body: bytes | None = None, content_type: str = "", packed: str = ""
    ) -> Answer:
        """`packed`: how the body says that it is encoded."""
        address = urlsplit(self.origin)
        line = http.client.HTTPConnection(address.hostname or "", address.port, timeout=SECONDS)
        headers = {"Origin": self.origin, "X-CSRFToken": self.cookies["csrf"], "X-Forwarded-For": self.network}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if packed:
            headers["Content-Encoding"] = packed
        began = time.perf_counter()
        try:
            line.request(
                method, path, body, {**headers, **({"Content-Type": content_type} if body is not None else {})}
            )
            given = line.getresponse()
            text = given.read().decode("utf-8", "replace")
        finally:
            line.close()
        self._keep(given.headers)
        return Answer(given.status, given.headers, text, time.perf_counter() - began)

    def type_password(self, name: str, password: str) -> Answer:
        return self.post("/login/", name=name, password=password, next="")

    def type_code(self, code: str) -> Answer:
        """A code of the authenticator app."""
        self.factor = self.factor or self.app_factor()
        return self.post("/second-step/", factor=self.factor, code=code)

    def app_factor(self) -> str:
        """How the page names the authenticator app."""
        return str(FACTOR.search(self.get("/second-step/").text)[0])

    @property
    def is_inside(self) -> bool:
        return self.get("/api/me/").status == 200

    def _keep(self, headers: http.client.HTTPMessage) -> None:
        for line in headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                if morsel.value:
                    self.cookies[name] = morsel.value
                else:
                    self.cookies.pop(name, None)
