"""What a request gets when something inside does not work."""

import pytest
from django.db import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError

from accounts import services


@pytest.fixture
def fails(monkeypatch, client):
    """A request whose login cannot be read because of an error."""
    client.raise_request_exception = False

    def get(path, error):
        def raise_it(*_):
            raise error

        monkeypatch.setattr(services, "full_login", raise_it)
        return client.get(path)

    return get


def test_a_database_that_cannot_answer_is_to_be_asked_again(fails):
    answer = fails("/api/me/", OperationalError("no space left on device"))
    assert (answer.status_code, answer.json()) == (503, {"error": "UNAVAILABLE", "retry_after": 2})
    assert answer["Retry-After"] == "2"


def test_so_is_redis(fails):
    assert fails("/api/me/", RedisConnectionError("refused")).status_code == 503


def test_a_page_without_a_database_says_so_too(fails):
    answer = fails("/chat/", OperationalError("the database system is starting up"))
    assert answer.status_code == 503
    assert "starting up" not in answer.content.decode()


def test_any_other_error_is_ours(fails):
    answer = fails("/api/me/", RuntimeError("a secret"))
    assert (answer.status_code, answer.json()) == (500, {"error": "SERVER_ERROR"})


@pytest.mark.asyncio
async def test_it_is_the_same_where_the_server_is_asynchronous(async_client, monkeypatch):
    def raise_it(*_):
        raise OperationalError("no space left on device")

    monkeypatch.setattr(services, "full_login", raise_it)
    async_client.raise_request_exception = False
    answer = await async_client.get("/api/conversations/")
    assert (answer.status_code, answer.json()["error"]) == (503, "UNAVAILABLE")
