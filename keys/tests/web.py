"""The doors under /api/keys/ as a browser knocks at them."""

import json
from typing import Any

from django.conf import settings
from django.test import Client

from chatproject.lib.encoding import from_base64url, to_base64url
from keys.services import SignedPrekey
from keys.tests.owners import Browser

ORIGIN = settings.ALLOWED_ORIGINS[0]


def post(client: Client, path: str, **body: Any) -> Any:
    return client.post(f"/api/keys/{path}", json.dumps(body), content_type="application/json", HTTP_ORIGIN=ORIGIN)


def put(client: Client, path: str, **body: Any) -> Any:
    return client.put(f"/api/keys/{path}", json.dumps(body), content_type="application/json", HTTP_ORIGIN=ORIGIN)


def get(client: Client, path: str, **query: Any) -> Any:
    return client.get(f"/api/keys/{path}", query)


def words(*prekeys: SignedPrekey) -> list[dict[str, str]]:
    return [{"prekey": to_base64url(each.blob), "sig": to_base64url(each.sig)} for each in prekeys]


def answer(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


def bind(client: Client, browser: Browser, *, origin: str = ORIGIN) -> Any:
    nonce = from_base64url(post(client, "nonce/").json()["nonce"])
    return post(client, "session/", did=browser.did.hex(), sig=to_base64url(browser.prove(origin, nonce)))
