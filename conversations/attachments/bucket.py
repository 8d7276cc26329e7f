"""Parts in a bucket of S3, or of a service that speaks as S3 does: what `BLOBS_URL` asks for.

One request for each object, which is put and got whole; none is ever given an address. The rights to it are found by
botocore where it looks for them (the pod's identity, the machine's role), never in the settings.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import ContentFile

from chatproject.lib.together import AT_ONCE
from conversations.attachments.parts import Parts

# A bucket that does not answer is given up before `bridge.MOST_SECONDS`: twice two seconds, and one between.
BOUNDS = {"connect_timeout": 1, "read_timeout": 2, "retries": {"mode": "standard", "total_max_attempts": 2}}
# Checksums beyond what S3 demands are refused by some services; whether a blob is whole, its hash decides.
PLAIN = {"request_checksum_calculation": "when_required", "response_checksum_validation": "when_required"}

logger = logging.getLogger(__name__)


class Bucket(Parts):
    """FileNotFoundError for what is not there, ConnectionError for whatever else S3 refuses or does not answer."""

    def __init__(self, *, bucket: str, prefix: str, region: str, endpoint: str = "") -> None:
        self._bucket, self._prefix, self._region, self._endpoint = bucket, prefix, region, endpoint

    def delete(self, name: str) -> None:
        with _answered("DELETE"):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(name))

    def names(self) -> Iterator[str]:
        more: dict[str, str] | None = {}
        while more is not None:
            with _answered("LIST"):
                page = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._key(""), **more)
            yield from (each["Key"].removeprefix(self._key("")) for each in page.get("Contents", ()))
            more = {"ContinuationToken": page["NextContinuationToken"]} if page["IsTruncated"] else None

    def _open(self, name: str, mode: str = "rb") -> "ContentFile[bytes]":
        with _answered("GET"):
            return ContentFile(self._client.get_object(Bucket=self._bucket, Key=self._key(name))["Body"].read())

    def _save(self, name: str, content: Any) -> str:
        with _answered("PUT"):
            self._client.put_object(Bucket=self._bucket, Key=self._key(name), Body=content.read())
        return name

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name

    @property
    def _client(self) -> Any:
        with _one_by_one:
            return _client_of(self._region, self._endpoint)


_one_by_one = Lock()


@lru_cache(1)
def _client_of(region: str, endpoint: str) -> Any:
    """Threads share it: it takes half a second of reading to make one, and 15 MB."""
    config = Config(signature_version="s3v4", max_pool_connections=4 * AT_ONCE, **BOUNDS, **PLAIN)
    session = botocore.session.get_session()
    return session.create_client("s3", region_name=region, endpoint_url=endpoint or None, config=config)


@contextmanager
def _answered(request: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "NoSuchKey":
            raise FileNotFoundError(code) from None
    except BotoCoreError as error:
        code = type(error).__name__
    else:
        return
    logger.warning("the bucket of attachments does not do %s: %s", request, code)
    raise ConnectionError(f"S3: {code}")
