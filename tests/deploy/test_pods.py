"""What this project demands of every pod that the manifests make."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.deploy import leaving
from tests.deploy.manifests import OVERLAYS, PODS, render, template


def pods() -> Iterator[Any]:
    for overlay in OVERLAYS:
        for thing in render(f"overlays/{overlay}"):
            if thing["kind"] in PODS:
                yield pytest.param(thing, id=f"{overlay}-{thing['kind']}-{thing['metadata']['name']}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "workload" in metafunc.fixturenames:
        metafunc.parametrize("workload", list(pods()))


def test_a_pod_keeps_to_the_restricted_profile(workload):
    spec = template(workload)["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] >= 100
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert not [volume for volume in spec.get("volumes", []) if "hostPath" in volume]
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_only_the_first_start_has_a_token(workload):
    allowed = workload["metadata"]["name"] == "first-start"
    assert template(workload)["spec"]["automountServiceAccountToken"] is allowed


def test_every_container_asks_for_what_it_needs_and_ends_at_a_limit_of_memory(workload):
    for container in template(workload)["spec"]["containers"]:
        resources = container["resources"]
        assert set(resources["requests"]) == {"cpu", "memory"}
        assert set(resources["limits"]) == {"memory"}


def test_what_is_mounted_is_there(workload):
    spec = template(workload)["spec"]
    volumes = {volume["name"] for volume in spec.get("volumes", [])}
    volumes |= {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])}
    mounted = [mount["name"] for container in spec["containers"] for mount in container.get("volumeMounts", [])]
    assert set(mounted) == volumes
    assert len(mounted) == len(volumes)


def test_a_store_keeps_its_data_on_a_volume_that_outlives_it():
    stores = {thing["metadata"]["name"]: thing for thing in render("overlays/local") if thing["kind"] == "StatefulSet"}
    assert set(stores) == {"accounts-db", "messages-db", "redis"}
    assert all(store["spec"]["volumeClaimTemplates"] for store in stores.values())


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_leaving_pod_has_the_time_to_say_goodbye(overlay):
    web = next(
        one for one in render(f"overlays/{overlay}") if one["kind"] == "Deployment" and one["metadata"]["name"] == "web"
    )
    spec = web["spec"]["template"]["spec"]
    pause = int(spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pause + leaving.most_seconds() < spec["terminationGracePeriodSeconds"]
    assert web["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
