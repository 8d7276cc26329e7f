"""A server that speaks as S3 does, as far as the product asks it to: for tests of what goes over the wire.

It keeps objects in memory and remembers what was asked. It refuses what is not signed; it can be told to refuse
everything, or to say nothing at all.
"""

import contextlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

REGION = "eu-central-1"
RIGHTS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "planted-key-to-the-bucket-71d0"}
NAME, PREFIX = "llave-test", "below"
SIGNED = re.compile(rf"AWS4-HMAC-SHA256 Credential={RIGHTS['AWS_ACCESS_KEY_ID']}/\d{{8}}/{REGION}/s3/aws4_request, ")
HELD_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


class FakeBucket:
    """`objects` by their whole key; `asked` in order; a list has at most `page` names."""

    def __init__(self, port: int, page: int) -> None:
        self.port, self.page = port, page
        self.objects: dict[str, bytes] = {}
        self.asked: list[Asked] = []
        self.refusal: tuple[int, str] | None = None
        self.goes_on = threading.Event()
        self.goes_on.set()

    @property
    def url(self) -> str:
        """What BLOBS_URL says of it."""
        return f"s3://{NAME}/{PREFIX}?region={REGION}&endpoint={self._endpoint}"

    @property
    def storage(self) -> dict[str, Any]:
        """What the setting STORAGES says of it."""
        options = {"bucket": NAME, "prefix": PREFIX, "region": REGION, "endpoint": self._endpoint}
        return {"BACKEND": "conversations.attachments.bucket.Bucket", "OPTIONS": options}

    @property
    def _endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextlib.contextmanager
    def stalled(self) -> Iterator[None]:
        """It takes what comes and says nothing."""
        self.goes_on.clear()
        try:
            yield
        finally:
            self.goes_on.set()

    @contextlib.contextmanager
    def refusing(self, status: int, code: str) -> Iterator[None]:
        self.refusal = status, code
        try:
            yield
        finally:
            self.refusal = None


@contextlib.contextmanager
def fake_bucket(*, page: int = 1000) -> Iterator[FakeBucket]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        server.bucket = made = FakeBucket(server.server_address[1], page)  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            made.goes_on.set()
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_PUT(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def do_GET(self) -> None:
        self._answer(b"")

    do_DELETE = do_HEAD = do_POST = do_GET

    def log_message(self, *words: Any) -> None:
        pass

    def _answer(self, body: bytes) -> None:
        bucket: FakeBucket = self.server.bucket  # type: ignore[attr-defined]
        address = urlsplit(self.path)
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        path = unquote(address.path)
        bucket.asked.append(Asked(self.command, path, query, {k.lower(): v for k, v in self.headers.items()}))
        bucket.goes_on.wait(HELD_SECONDS)
        if bucket.refusal:
            return self._say(*_refused(*bucket.refusal))
        if not SIGNED.match(self.headers.get("Authorization", "")):
            return self._say(*_refused(403, "AccessDenied"))
        where, _, key = path.removeprefix("/").partition("/")
        if where != NAME:
            return self._say(*_refused(404, "NoSuchBucket"))
        return self._say(*_done(bucket, self.command, key, query, body))

    def _say(self, status: int, body: bytes) -> None:
        with contextlib.suppress(OSError):  # whoever asked has given up
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)


def _done(bucket: FakeBucket, method: str, key: str, query: dict[str, str], body: bytes) -> tuple[int, bytes]:
    match method:
        case "PUT" if key and not query:
            bucket.objects[key] = body
            return 200, b""
        case "DELETE" if key and not query:
            bucket.objects.pop(key, None)
            return 204, b""
        case "GET" if key and not query:
            return (200, bucket.objects[key]) if key in bucket.objects else _refused(404, "NoSuchKey")
        case "GET" if query.get("list-type") == "2":
            return 200, _listed(bucket, query)
    return _refused(501, "NotImplemented")


def _listed(bucket: FakeBucket, query: dict[str, str]) -> bytes:
    after = query.get("continuation-token", "")
    names = sorted(key for key in bucket.objects if key.startswith(query.get("prefix", "")) and key > after)
    page = names[: bucket.page]
    contents = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in page)
    is_cut = len(names) > len(page)
    token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if is_cut else ""
    words = f"<IsTruncated>{str(is_cut).lower()}</IsTruncated>{token}{contents}"
    return f"<ListBucketResult>{words}</ListBucketResult>".encode()


def _refused(status: int, code: str) -> tuple[int, bytes]:
    return status, f"<Error><Code>{code}</Code><Message>on purpose</Message></Error>".encode()
