"""Who may talk to whom in the cluster: services, network policies, numbers."""

from typing import Any

import pytest

from tests.deploy.manifests import OVERLAYS, PODS, render, template


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


def test_on_aws_whoever_keeps_attachments_reaches_the_bucket_and_its_rights_alone():
    policies = [thing["spec"] for thing in render("overlays/aws") if thing["kind"] == "NetworkPolicy"]
    ways = [
        (set(_apps_named(policy["podSelector"])), to["ipBlock"], port["port"])
        for policy in policies
        for rule in policy.get("egress", [])
        for to in rule.get("to", [])
        for port in rule["ports"]
    ]
    keepers, network = {"web", "migrate", "timer"}, "192.168.0.0/16"
    outside = {"cidr": "0.0.0.0/0", "except": [network, "169.254.0.0/16"]}
    assert (keepers, outside, 443) in ways
    assert (keepers, {"cidr": "169.254.170.23/32"}, 80) in ways
    assert {port for _apps, block, port in ways if block["cidr"] != network} == {443, 80}


def _apps_named(node: Any) -> list[str]:
    if isinstance(node, list):
        return [name for part in node for name in _apps_named(part)]
    if not isinstance(node, dict):
        return []
    found = [node["app"]] if isinstance(node.get("app"), str) else []
    if node.get("key") == "app":
        found += node["values"]
    return found + [name for part in node.values() for name in _apps_named(part)]


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
