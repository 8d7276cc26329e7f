"""What goes over the wire to a bucket, and what does not."""

import io
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from django.core.files.base import ContentFile
from django.utils import timezone
from urllib3 import HTTPResponse

from conversations.attachments.bucket import Bucket
from tests.bucket import NAME, PREFIX, REGION, RIGHTS, fake_bucket


@pytest.fixture(autouse=True)
def rights(monkeypatch: Any) -> None:
    for name, value in RIGHTS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "planted-token-of-a-session")


@pytest.fixture
def made() -> Any:
    with fake_bucket(page=2) as bucket:
        yield bucket


def test_each_object_is_one_request(made: Any) -> None:
    storage = Bucket(**made.storage["OPTIONS"])
    storage.save("ab/0000", ContentFile(b"sealed"))
    with storage.open("ab/0000") as file:
        assert file.read() == b"sealed"
    storage.delete("ab/0000")
    storage.delete("ab/0000")
    assert [(asked.method, asked.path) for asked in made.asked] == [
        (method, f"/{NAME}/{PREFIX}/ab/0000") for method in ("PUT", "GET", "DELETE", "DELETE")
    ]
    assert made.objects == {}


def test_nothing_is_said_but_the_bytes_and_who_signs(made: Any) -> None:
    Bucket(**made.storage["OPTIONS"]).save("ab/0000", ContentFile(b"sealed"))
    (asked,) = made.asked
    said = {name for name in asked.headers if name.startswith("x-amz-")}
    assert said == {"x-amz-date", "x-amz-content-sha256", "x-amz-security-token"}
    assert asked.query == {}
    assert made.objects == {f"{PREFIX}/ab/0000": b"sealed"}


def test_names_come_page_by_page(made: Any) -> None:
    made.objects |= {f"{PREFIX}/{name}": b"" for name in "abcde"} | {f"{PREFIX}-of-another/x": b""}
    assert list(Bucket(**made.storage["OPTIONS"]).names()) == ["a", "b", "c", "d", "e"]
    assert [(asked.method, asked.path, asked.query["prefix"]) for asked in made.asked] == 3 * [
        ("GET", f"/{NAME}", f"{PREFIX}/")
    ]


def test_a_bucket_may_be_used_from_its_root(made: Any) -> None:
    storage = Bucket(**{**made.storage["OPTIONS"], "prefix": ""})
    storage.save("ab/0000", ContentFile(b"sealed"))
    assert made.objects == {"ab/0000": b"sealed"}
    assert list(storage.names()) == ["ab/0000"]


def test_aws_is_asked_over_tls_by_the_name_of_the_bucket() -> None:
    storage, sent = Bucket(bucket=NAME, prefix=PREFIX, region=REGION), []

    def instead(request: Any, **_more: Any) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 204, {}, HTTPResponse(io.BytesIO(b""), preload_content=False))

    storage._client.meta.events.register("before-send.s3.DeleteObject", instead)
    storage.delete("ab/0000")
    (request,) = sent
    assert request.url == f"https://{NAME}.s3.{REGION}.amazonaws.com/{PREFIX}/ab/0000"
    assert request.headers["Authorization"].startswith(b"AWS4-HMAC-SHA256 ")


def test_no_object_has_an_address(made: Any) -> None:
    with pytest.raises(NotImplementedError):
        Bucket(**made.storage["OPTIONS"]).url("ab/0000")
    assert made.asked == []


def test_a_bucket_that_is_not_there_is_not_an_object_that_is_gone(made: Any) -> None:
    with pytest.raises(FileNotFoundError):
        Bucket(**made.storage["OPTIONS"]).open("ab/0000")
    with pytest.raises(ConnectionError, match="NoSuchBucket"):
        Bucket(**{**made.storage["OPTIONS"], "bucket": "another"}).open("ab/0000")


def test_a_pod_asks_the_agent_of_its_node_for_its_rights(made: Any, monkeypatch: Any, tmp_path: Any) -> None:
    """As EKS Pod Identity sets it up: an address, and a file with what proves who asks."""
    given = {"AccessKeyId": RIGHTS["AWS_ACCESS_KEY_ID"], "SecretAccessKey": "of the role", "Token": "of-the-session"}
    given["Expiration"] = (timezone.now() + timedelta(hours=6)).isoformat()
    (tmp_path / "token").write_text("who-asks")
    for name in (*RIGHTS, "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    with answering(json.dumps(given).encode()) as (address, proofs):
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{address}/v1/credentials")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))
        Bucket(**made.storage["OPTIONS"]).save("ab/0000", ContentFile(b"sealed"))
    assert proofs == ["who-asks"]
    assert [asked.headers["x-amz-security-token"] for asked in made.asked] == ["of-the-session"]


@contextmanager
def answering(body: bytes) -> Iterator[tuple[str, list[str]]]:
    """A server with one answer, and what was shown to it."""
    proofs: list[str] = []

    class Agent(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            proofs.append(self.headers["Authorization"])
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Agent) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", proofs
        server.shutdown()
        thread.join()


def test_without_rights_nobody_is_asked(made: Any, monkeypatch: Any) -> None:
    for name in RIGHTS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(ConnectionError, match="NoCredentialsError"):
        Bucket(**made.storage["OPTIONS"]).save("ab/0000", ContentFile(b"sealed"))
    assert made.asked == []


def test_the_log_tells_neither_rights_nor_bodies(made: Any, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    storage = Bucket(**made.storage["OPTIONS"])
    storage.save("ab/0000", ContentFile(b"planted-body"))
    with made.refusing(403, "AccessDenied"), pytest.raises(ConnectionError):
        storage.open("ab/0000")
    assert "does not do GET: AccessDenied" in caplog.text
    assert "planted" not in caplog.text
