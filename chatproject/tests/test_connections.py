"""How many connections a process may open, as `check_setup` counts them."""

from typing import Any

import pytest
from django.test import override_settings

from chatproject.services.setup import connections_of_a_process


def database(host: str, most: int = 10) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": host,
        "PORT": 5432,
        "OPTIONS": {"pool": {"max_size": most}},
    }


@pytest.mark.parametrize(
    ("databases", "messages", "wanted"),
    [
        ({"default": database("db")}, "default", {"default": 11}),
        ({"default": database("one"), "messages": database("two")}, "messages", {"default": 10, "messages": 11}),
        ({"default": database("db", 3), "messages": database("db", 4)}, "messages", {"default": 8, "messages": 8}),
    ],
    ids=["one database", "two servers", "two databases of one server"],
)
def test_pools_of_one_server_and_the_connection_for_posts_count(
    databases: dict[str, Any], messages: str, wanted: dict[str, int]
) -> None:
    with override_settings(DATABASES=databases, MESSAGES_ALIAS=messages):
        assert {alias: connections_of_a_process(alias) for alias in databases} == wanted
