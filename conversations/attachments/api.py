"""Attachments over HTTP: announce, put and get parts, take back (docs/architecture.md). No blob is looked into."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from chatproject.lib import bridge
from chatproject.lib.api import ApiError, api_view, as_count, as_text, read_json
from chatproject.lib.encoding import from_base64url, from_hex_id
from conversations.attachments import parts, services
from conversations.framevalues import MAX_NUMBER
from conversations.httpcalls import answered, login_of, number_in

HASH_BYTES = 32
FOR_SCRIPTS = {"", "empty"}  # Sec-Fetch-Dest of what a page asks for by itself; older browsers say nothing


@api_view("POST")
async def blobs(request: HttpRequest, cid: str) -> dict[str, Any]:
    fields = read_json(request, {"blob": from_hex_id, "size": as_count(0, MAX_NUMBER), "hash": _as_hash})
    login, found = await login_of(request), number_in(cid)
    given = {"blob": fields["blob"], "size": fields["size"], "sha256": fields["hash"]}
    return _words(await answered(bridge.run_beside(services.begin, uid=login.uid, did=login.did, cid=found, **given)))


@api_view("DELETE")
async def blob(request: HttpRequest, cid: str, blob: str) -> dict[str, Any]:
    login = await login_of(request)
    await answered(bridge.run_beside(services.drop, uid=login.uid, cid=number_in(cid), blob=number_in(blob)))
    return {}


@api_view("GET", "PUT")
async def part(request: HttpRequest, cid: str, blob: str, number: int) -> Any:
    login = await login_of(request)
    where: dict[str, Any] = {"uid": login.uid, "cid": number_in(cid), "blob": number_in(blob), "number": number}
    if request.method == "PUT":
        return _words(await answered(bridge.run_beside(services.put_part, **where, data=_body(request))))
    if request.headers.get("Sec-Fetch-Dest", "") not in FOR_SCRIPTS:
        raise ApiError("NOT_FOUND", 404)  # no tab, frame or image of a page is ever given what somebody sent
    return _bytes(await answered(bridge.run_beside(services.read_part, **where)))


def _body(request: HttpRequest) -> bytes:
    """One part at most; not through `request.body`, whose limit is that of JSON."""
    data = request.read(parts.PART_BYTES + 1)
    if len(data) > parts.PART_BYTES:
        raise ApiError("TOO_LARGE", 413)
    return bytes(data)


def _bytes(data: bytes) -> HttpResponse:
    response = HttpResponse(data, content_type="application/octet-stream")
    response["Content-Disposition"] = "attachment"
    return response


def _words(standing: services.Standing) -> dict[str, Any]:
    return {"parts": standing.parts, "whole": standing.is_whole}


def _as_hash(value: Any) -> bytes:
    found = from_base64url(as_text(value))
    if len(found) != HASH_BYTES:
        raise ValueError
    return found
