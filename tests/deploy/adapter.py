"""An adapter of custom metrics for a cluster without one: `python adapter.py METRIC` serves that of pods at port 8443.

For bin/check-kubernetes, in a pod with the product's image (adapter.yaml), where the autoscaler finds it as an API of
the cluster. Each answer is read at that moment from the pods asked for, at the place that their annotations name; a
real adapter asks a Prometheus that has read them there. Whoever reaches it may ask: the API server of the check's
cluster has no certificate by which to be known.
"""

import json
import os
import re
import ssl
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit
from urllib.request import Request, urlopen

from docker.first_start import wanted

Object = dict[str, Any]
Pods = Callable[[str, str], list[Object]]  # of a namespace and a selector of labels, as the cluster's API lists them

VERSION = "custom.metrics.k8s.io/v1beta2"
PORT = 8443
POD = Path("/var/run/secrets/kubernetes.io/serviceaccount")
ANSWER_SECONDS = 5


class Adapter(ThreadingHTTPServer):
    """Serves one metric over HTTPS with a certificate of its own."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], metric: str, pods: Pods) -> None:
        super().__init__(address, _Handler)
        self.metric, self.pods = metric, pods
        self.socket = _context().wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def answer(self, path: str, query: dict[str, list[str]]) -> Object | None:
        """What a path of the API says; None when it is none. OSError when the cluster does not tell its pods."""
        if path == f"/apis/{VERSION}":
            return _resources(self.metric)
        asked = re.fullmatch(f"/apis/{VERSION}/namespaces/([^/]+)/pods/[*]/{re.escape(self.metric)}", path)
        return asked and _values(self.metric, self.pods(asked[1], query.get("labelSelector", [""])[0]))


class _Handler(BaseHTTPRequestHandler):
    server: Adapter

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        try:
            found = self.server.answer(unquote(asked.path), parse_qs(asked.query))
        except OSError as error:
            return self._send(503, _failure(503, str(error)))
        return self._send(404, _failure(404, "not here")) if found is None else self._send(200, found)

    def _send(self, status: int, found: Object) -> None:
        body = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _resources(metric: str) -> Object:
    served = {"name": f"pods/{metric}", "singularName": "", "namespaced": True, "verbs": ["get"]}
    resources = [served | {"kind": "MetricValueList"}]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": VERSION, "resources": resources}


def _values(metric: str, pods: list[Object]) -> Object:
    """A pod that does not tell its number is left out, as one that was not read yet."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    items = [
        {
            "describedObject": {"kind": "Pod", "apiVersion": "/v1", **_named(pod["metadata"])},
            "metric": {"name": metric, "selector": None},
            "timestamp": now,
            "value": f"{number:g}",
        }
        for pod in pods
        if (number := _number(metric, pod)) is not None
    ]
    return {"kind": "MetricValueList", "apiVersion": VERSION, "metadata": {}, "items": items}


def _named(metadata: Object) -> Object:
    return {"name": metadata["name"], "namespace": metadata["namespace"]}


def _number(metric: str, pod: Object) -> float | None:
    if not (ip := pod["status"].get("podIP")):
        return None
    noted = pod["metadata"]["annotations"]
    place = f"http://{ip}:{noted['prometheus.io/port']}{noted['prometheus.io/path']}"
    try:
        with urlopen(place, timeout=ANSWER_SECONDS) as answer:
            told = re.search(rf"^{re.escape(metric)} (\S+)$", answer.read().decode(), re.MULTILINE)
    except OSError:
        return None
    return told and float(told[1])


def _failure(code: int, why: str) -> Object:
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": why, "code": code}


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        for name, content in wanted(lambda reader, name: None, "adapter.monitoring.svc")["tls"].items():
            (Path(folder) / name).write_text(content)
        context.load_cert_chain(f"{folder}/tls.crt", f"{folder}/tls.key")
    return context


def pods_of(namespace: str, selector: str) -> list[Object]:
    """Needs `list` on the pods of the namespace, nothing more."""
    address = f"{os.environ['KUBERNETES_SERVICE_HOST']}:{os.environ['KUBERNETES_SERVICE_PORT']}"
    request = Request(
        f"https://{address}/api/v1/namespaces/{namespace}/pods?{urlencode({'labelSelector': selector})}",
        headers={"Authorization": f"Bearer {(POD / 'token').read_text().strip()}"},
    )
    context = ssl.create_default_context(cafile=str(POD / "ca.crt"))
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # as in docker/first_start.py
    with urlopen(request, timeout=ANSWER_SECONDS, context=context) as answer:
        return list(json.load(answer)["items"])


if __name__ == "__main__":
    Adapter(("", PORT), sys.argv[1], pods_of).serve_forever()
