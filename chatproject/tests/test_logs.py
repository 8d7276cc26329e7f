"""What stands in a line of the log, and what never does."""

import json
import logging
import sys

import pytest

from chatproject.lib import requestid
from chatproject.logs import HideTokens, Json, Line

CID = "0123456789abcdef0123456789abcdef"


def record(message, *args, error=None):
    info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("django.request", logging.WARNING, "", 0, message, args, info)
    assert HideTokens().filter(made)
    return made


def caught():
    try:
        raise ValueError("the value that was refused")
    except ValueError as inner:
        try:
            raise RuntimeError("told to nobody") from inner
        except RuntimeError as error:
            return error


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (f"/api/conversations/{CID}/events/", "/api/conversations/.../events/"),
        (f"/api/keys/bundles/{CID}/", "/api/keys/bundles/.../"),
        ("/api/people/?q=alice&limit=3", "/api/people/?..."),
        ("/setup/S3CRET/", "/setup/.../"),
        ("/login/", "/login/"),
    ],
)
def test_a_path_names_no_conversation_person_or_query(path, shown):
    for formatter in (Json(), Line()):
        line = formatter.format(record("Not Found: %s", path))
        assert f"Not Found: {shown}" in line
        assert path == shown or path not in line


def test_json_is_one_object_a_line_with_the_requests_name():
    name = requestid.begin()
    line = Json().format(record("two\nlines"))
    assert "\n" not in line
    entry = json.loads(line)
    assert (entry["message"], entry["request_id"], entry["level"]) == ("two\nlines", name, "WARNING")


def test_a_line_for_people_stays_one_line():
    assert "\n" not in Line().format(record("a name with a\nsecond line"))


@pytest.mark.parametrize("formatter", [Json(), Line()])
def test_an_exception_tells_its_kind_and_its_place_but_not_its_text(formatter):
    error = caught()
    line = formatter.format(record("failed: %s", error, error=error))
    assert "RuntimeError" in line
    assert "ValueError" in line
    assert "test_logs.py:" in line
    assert "refused" not in line
    assert "told to nobody" not in line


def test_every_answer_carries_the_name_of_its_request(client):
    first, second = client.get("/healthz"), client.get("/healthz")
    assert len(first["X-Request-ID"]) == 16
    assert first["X-Request-ID"] != second["X-Request-ID"]


@pytest.mark.asyncio
async def test_a_name_that_came_from_outside_is_not_taken(async_client):
    answer = await async_client.get("/healthz", headers={"X-Request-ID": "forged\nline"})
    assert answer["X-Request-ID"] == requestid.current() or len(answer["X-Request-ID"]) == 16


def test_uncaught_exceptions_are_formatted_too():
    try:
        raise KeyError("alice")
    except KeyError:
        made = logging.LogRecord("x", logging.ERROR, "", 0, "m", (), sys.exc_info())
    assert "alice" not in Line().format(made)
