"""The Kubernetes manifests, without a cluster: each overlay rendered by kubectl or kustomize and held against the
strict schemas of three Kubernetes versions, and what this project demands of every pod.
"""

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import jsonschema
import kubernetes_validate
import kubernetes_validate.utils
import pytest
import yaml

from tests.deploy.kinds import SCHEMAS
from tests.sources import ROOT

OVERLAYS = ("local", "aws")
VERSIONS = ("1.31", "1.34", "1.37")
PODS = {"Deployment", "StatefulSet", "Job", "CronJob"}
DRAIN_SECONDS = 2 + 15  # what conversations/server.py takes at most: sockets, then what still runs
Object = dict[str, Any]

# The library reads megabytes of schema for each object; once is enough.
kubernetes_validate.utils.schema_contents = functools.cache(kubernetes_validate.utils.schema_contents)

pytestmark = pytest.mark.deploy


@functools.cache
def render(folder: str) -> tuple[Object, ...]:
    if shutil.which("kubectl"):
        command = ["kubectl", "kustomize"]
    elif shutil.which("kustomize"):
        command = ["kustomize", "build"]
    else:
        pytest.fail("The manifests need kubectl (1.24 or newer) or kustomize to be rendered: install one of them.")
    done = subprocess.run([*command, ROOT / "kubernetes" / folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(one for one in yaml.safe_load_all(done.stdout) if one)


def findings(thing: Object, version: str) -> str:
    """What the schema of this Kubernetes version, or ours of a custom kind, says against the object."""
    known = (thing["apiVersion"], thing["kind"])
    try:
        if known in SCHEMAS:
            jsonschema.validate(thing, SCHEMAS[known])
        else:
            kubernetes_validate.validate(thing, version, strict=True)
    except kubernetes_validate.SchemaNotFoundError as error:
        return error.message
    except jsonschema.ValidationError as error:
        return f"{thing['kind']} {thing['metadata']['name']}: {error.message}"
    return ""


def template(thing: Object) -> Object:
    spec = thing["spec"]["jobTemplate"]["spec"] if thing["kind"] == "CronJob" else thing["spec"]
    return spec["template"]


def pods() -> Iterator[Any]:
    for overlay in OVERLAYS:
        for thing in render(f"overlays/{overlay}"):
            if thing["kind"] in PODS:
                yield pytest.param(thing, id=f"{overlay}-{thing['kind']}-{thing['metadata']['name']}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "workload" in metafunc.fixturenames:
        metafunc.parametrize("workload", list(pods()))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_is_valid_for_a_kubernetes_version(overlay, version):
    assert [found for thing in render(f"overlays/{overlay}") if (found := findings(thing, version))] == []


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "Deploiment"},
        {"apiVersion": "apps/v9"},
        {"spec": {"replicas": "two"}},
        {"extra": 1},
    ],
)
def test_what_is_unknown_is_found(change):
    good = next(thing for thing in render("overlays/local") if thing["kind"] == "Deployment")
    assert findings(good, VERSIONS[0]) == ""
    assert findings(good | change, VERSIONS[0])


def test_the_gateway_route_is_valid_beside_the_base(tmp_path):
    route = yaml.safe_load((ROOT / "kubernetes/components/gateway/route.yaml").read_text())
    route["metadata"]["namespace"] = "llave"
    assert findings(route, VERSIONS[0]) == ""
    route["spec"]["rules"][0]["timeout"] = "0s"
    assert "timeout" in findings(route, VERSIONS[0])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_secret_stands_in_a_manifest(overlay):
    things = render(f"overlays/{overlay}")
    assert not [thing for thing in things if thing["kind"] == "Secret"]
    text = yaml.safe_dump_all(things)
    assert not re.search(r"://[^/\s:]*:[^/\s@]+@", text)
    names = re.findall(r"\b(?:SECRET_KEY|FIELD_KEYS|LOG_KEY_SEED|\w*_URL|\w*PASSWORD\w*)\b(?=: )", text)
    assert set(names) <= {"SITE_URL"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_setting_is_one_of_the_example(overlay):
    settings = next(
        thing
        for thing in render(f"overlays/{overlay}")
        if thing["kind"] == "ConfigMap" and thing["metadata"]["name"].startswith("settings-")
    )
    known = set(re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert {name.removesuffix("_FILE") for name in settings["data"]} <= known


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


def test_a_leaving_pod_has_the_time_to_say_goodbye():
    web = next(
        one for one in render("overlays/local") if one["kind"] == "Deployment" and one["metadata"]["name"] == "web"
    )
    spec = web["spec"]["template"]["spec"]
    pause = int(spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pause + DRAIN_SECONDS < spec["terminationGracePeriodSeconds"]
    assert web["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_services_and_policies_select_pods_that_exist(overlay):
    things = render(f"overlays/{overlay}")
    apps = {template(thing)["metadata"]["labels"]["app"] for thing in things if thing["kind"] in PODS}
    for thing in things:
        if thing["kind"] == "Service":
            assert thing["spec"]["selector"]["app"] in apps
        if thing["kind"] in {"NetworkPolicy", "PodDisruptionBudget"}:
            assert set(_apps_named(thing["spec"])) - {"proxy"} <= apps, thing["metadata"]["name"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nothing_may_talk_unless_a_policy_names_it(overlay):
    policies = [thing for thing in render(f"overlays/{overlay}") if thing["kind"] == "NetworkPolicy"]
    closed = next(policy for policy in policies if policy["metadata"]["name"] == "default-deny")
    assert closed["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for policy in policies:
        rules = policy["spec"].get("ingress", []) + policy["spec"].get("egress", [])
        assert all(rule.get("ports") for rule in rules), policy["metadata"]["name"]


def test_each_flow_inside_the_namespace_is_open_at_both_ends():
    policies = [thing["spec"] for thing in render("overlays/local") if thing["kind"] == "NetworkPolicy"]
    into, out = set(), set()
    for policy in policies:
        here = _apps_named(policy["podSelector"])
        for rule in policy.get("ingress", []):
            into |= {
                (a, b, p["port"])
                for f in rule.get("from", [])
                for a in _apps_named(f)
                for b in here
                for p in rule["ports"]
            }
        for rule in policy.get("egress", []):
            out |= {
                (a, b, p["port"])
                for t in rule.get("to", [])
                for b in _apps_named(t)
                for a in here
                for p in rule["ports"]
            }
    assert into == out
    assert ("web", "messages-db", 5432) in into


def _apps_named(node: Any) -> list[str]:
    if isinstance(node, list):
        return [name for part in node for name in _apps_named(part)]
    if not isinstance(node, dict):
        return []
    found = [node["app"]] if isinstance(node.get("app"), str) else []
    if node.get("key") == "app":
        found += node["values"]
    return found + [name for part in node.values() for name in _apps_named(part)]


@pytest.mark.parametrize("name", ["redis.conf", "nginx.conf"])
def test_the_cluster_configures_the_stores_and_the_proxy_as_compose_does(name):
    how_found = re.compile(r"\$replicas|resolver |http://web:8000|name server|TLS in front of")
    compose, cluster = (
        [line for line in (ROOT / folder / name).read_text().splitlines() if not how_found.search(line)]
        for folder in ("docker", "kubernetes/overlays/local")
    )
    assert compose == cluster


@pytest.mark.parametrize("version", VERSIONS)
def test_the_components_fit_every_installation(tmp_path, version):
    """Scaling by sockets and backups on a volume, on top of the base."""
    parts = {"resources": ["base"], "components": ["components/metrics", "components/backup"]}
    above = {
        key: [os.path.relpath(ROOT / "kubernetes" / one, tmp_path) for one in value] for key, value in parts.items()
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump({"kind": "Kustomization", **above}))
    things = render(str(tmp_path))
    assert [finding for finding in (findings(thing, version) for thing in things) if finding] == []
    (job,) = [thing for thing in things if thing["kind"] == "CronJob"]
    container = template(job)["spec"]["containers"][0]
    assert {"name": "backups", "mountPath": "/backups"} in container["volumeMounts"]
    (scaler,) = [thing for thing in things if thing["kind"] == "HorizontalPodAutoscaler"]
    assert {metric["type"] for metric in scaler["spec"]["metrics"]} == {"Resource", "Pods"}


def test_numbers_are_reached_from_where_they_are_watched_alone():
    flows = [thing for thing in render("overlays/local") if thing["kind"] == "NetworkPolicy"]
    to_numbers = [
        rule["from"]
        for flow in flows
        for rule in flow["spec"].get("ingress", [])
        if any(port["port"] == 9464 for port in rule.get("ports", []))
    ]
    assert to_numbers == [[{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]]
    (service,) = [
        thing for thing in render("overlays/local") if thing["kind"] == "Service" and thing["metadata"]["name"] == "web"
    ]
    assert [port["name"] for port in service["spec"]["ports"]] == ["http"]
