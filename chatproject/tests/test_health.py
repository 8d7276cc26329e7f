"""The two questions of probes: answered by address, never through a proxy, and not ready before the databases are
migrated.
"""

import pytest
from django.conf import settings as installed
from django.db.migrations.recorder import MigrationRecorder

from chatproject import health
from chatproject.lib import readiness
from conversations import watching

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)
BY_ADDRESS = {"host": "10.1.2.3:8000"}


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(health, "_migrated", set())


@pytest.mark.parametrize("path", health.PROBES)
def test_probes_answer_whatever_host_is_sent(client, path):
    assert client.get(path, headers=BY_ADDRESS).status_code == 200


@pytest.mark.parametrize("path", health.PROBES)
@pytest.mark.asyncio
async def test_probes_answer_by_address_on_the_asgi_door_too(async_client, path):
    assert (await async_client.get(path, headers=BY_ADDRESS)).status_code == 200


@pytest.mark.parametrize("path", ["/", "/login/", "/readyz/", "/healthz/x"])
def test_every_other_page_wants_a_known_host(client, path):
    assert client.get(path, headers=BY_ADDRESS).status_code == 400


THROUGH_A_PROXY = {"x-forwarded-for": "198.51.100.7"}


@pytest.mark.parametrize("path", health.PROBES)
def test_probes_are_hidden_from_whoever_comes_through_a_proxy(client, settings, path):
    settings.TRUSTED_PROXY_COUNT = 1
    assert client.get(path, headers=THROUGH_A_PROXY).status_code == 404
    assert client.get(path, headers={"x-forwarded-for": ""}).status_code == 404
    assert client.get(path, headers=BY_ADDRESS).status_code == 200


@pytest.mark.parametrize("path", health.PROBES)
@pytest.mark.asyncio
async def test_probes_are_hidden_on_the_asgi_door_too(async_client, settings, path):
    settings.TRUSTED_PROXY_COUNT = 1
    assert (await async_client.get(path, headers=THROUGH_A_PROXY)).status_code == 404


@pytest.mark.parametrize("path", health.PROBES)
def test_through_a_proxy_the_host_counts_on_these_paths_as_on_others(client, settings, path):
    settings.TRUSTED_PROXY_COUNT = 1
    assert client.get(path, headers=THROUGH_A_PROXY | BY_ADDRESS).status_code == 400


@pytest.mark.parametrize("path", health.PROBES)
def test_without_a_trusted_proxy_nobody_is_believed_to_come_through_one(client, path):
    assert client.get(path, headers=THROUGH_A_PROXY).status_code == 200


def test_a_database_that_waits_for_a_migration_is_not_ready(client):
    last = MigrationRecorder.Migration.objects.using("default").order_by("pk").last()
    last.delete()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        503,
        {"ready": False, "failed": ["default"], "degraded": []},
    )
    last.save(force_insert=True, using="default")
    assert client.get("/readyz").json() == {"ready": True, "failed": [], "degraded": []}


def test_every_database_is_asked(client):
    client.get("/readyz")
    assert health._migrated == set(installed.DATABASES)


def test_a_process_that_ends_is_not_ready(client, monkeypatch):
    monkeypatch.setattr(watching, "_leaving", True)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["failed"]) == (503, ["draining"])


def test_a_lost_layer_is_told_and_keeps_nobody_away(client, monkeypatch):
    async def lost():
        return False

    monkeypatch.setitem(readiness.helpful, "layer", lost)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["degraded"]) == (200, ["layer"])
