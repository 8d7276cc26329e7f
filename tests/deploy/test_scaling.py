"""Scaling by open sockets, without a cluster: the metric under one name everywhere, and the parts of the check."""

import json
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

import pytest
import yaml

from chatproject.lib import measures
from chatproject.lib.metrics import Gauge, exposition
from tests.deploy import kustomize, scaling
from tests.deploy.adapter import VERSION, Adapter
from tests.deploy.manifests import VERSIONS, above, by_name, findings, render
from tests.sources import ROOT
from tests.vectors.browser import in_a_thread

FOLDER = ROOT / "tests/deploy"
METRIC = measures.connections.name
WEB = by_name(list(render("base")))["Deployment", "web"]
ADAPTER = by_name([one for one in yaml.safe_load_all((FOLDER / "adapter.yaml").read_text()) if one])


def scaler_of(folder):
    return by_name(kustomize.render(folder))["HorizontalPodAutoscaler", "web"]


def test_the_autoscaler_the_guide_and_the_adapter_name_the_sockets_as_the_server_does(tmp_path):
    *_, pods = scaler_of(above(tmp_path, "base", "metrics"))["spec"]["metrics"]
    assert pods["pods"]["metric"] == {"name": METRIC}
    (rule,) = [line for line in (ROOT / "docs/kubernetes.md").read_text().splitlines() if "seriesQuery" in line]
    assert yaml.safe_load(rule)[0]["seriesQuery"].startswith(f"{METRIC}{{")
    (container,) = ADAPTER["Pod", "adapter"]["spec"]["containers"]
    assert container["command"][-1] == METRIC


def test_the_base_stays_without_what_an_adapter_has_to_serve():
    scaler = by_name(list(render("base")))["HorizontalPodAutoscaler", "web"]
    assert {each["type"] for each in scaler["spec"]["metrics"]} == {"Resource"}


def test_the_check_changes_nothing_of_the_component_but_how_many_and_how_soon(tmp_path):
    checked, usual = scaler_of(FOLDER / "by_sockets"), scaler_of(above(tmp_path, "overlays/local", "metrics"))
    assert [findings(checked, version) for version in VERSIONS] == [""] * len(VERSIONS)
    (pods,) = checked["spec"]["metrics"]
    assert pods["pods"].pop("target") == {"type": "AverageValue", "averageValue": "4"}
    usual["spec"]["metrics"][2]["pods"].pop("target")
    assert pods == usual["spec"].pop("metrics")[2]
    checked["spec"].pop("metrics")
    assert checked["spec"]["behavior"]["scaleDown"].pop("stabilizationWindowSeconds") == 0
    usual["spec"]["behavior"]["scaleDown"].pop("stabilizationWindowSeconds")
    assert checked == usual


@pytest.mark.parametrize("version", VERSIONS)
def test_the_manifests_of_the_adapter_are_valid(version):
    assert [found for thing in ADAPTER.values() if (found := findings(thing, version))] == []


def test_the_adapter_may_list_the_pods_of_the_chat_and_stands_where_numbers_may_be_read():
    assert ADAPTER["Role", "adapter"]["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
    assert [kind for kind, _name in ADAPTER if "Role" in kind] == ["Role", "RoleBinding"]
    flow = by_name(list(render("overlays/local")))["NetworkPolicy", "monitoring-to-web"]["spec"]["ingress"][0]
    (sender,) = flow["from"]
    where = sender["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    assert ADAPTER["Pod", "adapter"]["metadata"]["namespace"] == where
    served = ADAPTER["APIService", "v1beta2.custom.metrics.k8s.io"]["spec"]
    assert f"{served['group']}/{served['version']}" == VERSION
    assert served["service"] == {"name": "adapter", "namespace": where, "port": 443}


def numbers_of_a_pod(sockets):
    """A server that tells them as the product does."""
    gauges = [Gauge(f"{METRIC}_of_others", "Not these."), Gauge(METRIC, "Sockets.")]
    gauges[0].set(99)
    gauges[1].set(sockets)

    class Numbers(BaseHTTPRequestHandler):
        def do_GET(self):
            assert self.path == "/metrics"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(exposition(gauges).encode())

    return ThreadingHTTPServer(("127.0.0.1", 0), Numbers)


def pod(name, port, **status):
    noted = WEB["spec"]["template"]["metadata"]["annotations"] | {"prometheus.io/port": str(port)}
    return {"metadata": {"name": name, "namespace": "llave", "annotations": noted}, "status": status}


def asked(port, path):
    with urlopen(f"https://127.0.0.1:{port}{path}", timeout=10, context=ssl._create_unverified_context()) as answer:
        return json.load(answer)


VALUES = f"/apis/{VERSION}/namespaces/llave/pods/{quote('*')}/{METRIC}?labelSelector=app%3Dweb"


def test_the_adapter_tells_the_sockets_of_every_pod_that_tells_them():
    wanted = []

    def pods(namespace, selector):
        wanted.append((namespace, selector))
        return [pod("web-1", one, podIP="127.0.0.1"), pod("web-2", two, podIP="127.0.0.1"), pod("pending", one)]

    adapter = Adapter(("127.0.0.1", 0), METRIC, pods)
    with in_a_thread(numbers_of_a_pod(7)) as one, in_a_thread(numbers_of_a_pod(0)) as two, in_a_thread(adapter) as port:
        found = asked(port, VALUES)
    assert (found["kind"], found["apiVersion"]) == ("MetricValueList", VERSION)
    told = {
        (each["describedObject"]["kind"], each["describedObject"]["name"], each["metric"]["name"]): each["value"]
        for each in found["items"]
    }
    assert told == {("Pod", "web-1", METRIC): "7", ("Pod", "web-2", METRIC): "0"}
    assert wanted == [("llave", "app=web")]


def test_a_pod_that_does_not_answer_has_no_number():
    with in_a_thread(numbers_of_a_pod(1)) as port:
        closed = port
    pods = [pod("web-1", closed, podIP="127.0.0.1")]
    with in_a_thread(Adapter(("127.0.0.1", 0), METRIC, lambda *_: pods)) as port:
        assert asked(port, VALUES)["items"] == []


def test_the_adapter_says_what_it_serves_and_nothing_else():
    with in_a_thread(Adapter(("127.0.0.1", 0), METRIC, lambda *_: [])) as port:
        (one,) = asked(port, f"/apis/{VERSION}")["resources"]
        assert (one["name"], one["namespaced"], one["verbs"]) == (f"pods/{METRIC}", True, ["get"])
        for path in ("/openapi/v2", VALUES.replace(METRIC, "other"), VALUES.replace("/pods/", "/nodes/")):
            with pytest.raises(HTTPError, match="404"):
                asked(port, path)


def test_the_adapter_says_that_the_cluster_does_not_tell_its_pods():
    def pods(*_):
        raise HTTPError("https://cluster", 403, "forbidden", {}, None)

    with in_a_thread(Adapter(("127.0.0.1", 0), METRIC, pods)) as port, pytest.raises(HTTPError, match="503"):
        asked(port, VALUES)


def test_the_autoscaler_is_read_from_what_was_applied():
    manifests = yaml.safe_dump_all(kustomize.render(FOLDER / "by_sockets"))
    kind = "horizontalpodautoscalers.v2.autoscaling"
    assert scaling.read(manifests) == scaling.Scaler(kind, METRIC, target=4, least=2)
    older = manifests.replace("autoscaling/v2", "autoscaling/v2beta2")
    assert scaling.read(older).kind == "horizontalpodautoscalers.v2beta2.autoscaling"


SCALER = scaling.Scaler("", METRIC, target=4, least=2)


@pytest.mark.parametrize(
    ("metrics", "average"),
    [
        ([{"type": "Pods", "pods": {"metric": {"name": METRIC}, "current": {"averageValue": "6"}}}], 6),
        ([{"type": "Pods", "pods": {"metric": {"name": METRIC}, "current": {"averageValue": "1334m"}}}], 1.334),
        ([{"type": "Pods", "pods": {"metric": {"name": "other"}, "current": {"averageValue": "6"}}}], None),
        ([{"type": ""}], None),
        (None, None),
    ],
)
def test_what_the_autoscaler_reports_is_read(metrics, average):
    status = {"currentMetrics": metrics, "desiredReplicas": 3}
    seen = scaling.told(SCALER, {"status": status}, {"status": {"readyReplicas": 2}})
    assert seen == scaling.Seen(average, wanted=3, ready=2)


def test_before_anything_is_reported_there_is_nothing():
    assert scaling.told(SCALER, {}, {}) == scaling.Seen(None, wanted=0, ready=0)
