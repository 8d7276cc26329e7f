"""Alert rules and dashboard as files: they ask for nothing that is not measured, and the guide knows every alert."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from chatproject.lib import measures
from chatproject.lib.metrics import Histogram
from tests.sources import ROOT

FOLDER = ROOT / "docker/metrics"
ALERTS: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]
PANELS: list[dict[str, Any]] = json.loads((FOLDER / "dashboard.json").read_text())["panels"]


def series() -> set[str]:
    names = set()
    for metric in measures.ALL:
        ends = ("_bucket", "_sum", "_count") if isinstance(metric, Histogram) else ("",)
        names |= {metric.name + end for end in ends}
    return names


def asked(text: str) -> set[str]:
    return set(re.findall(r"\bchat_[a-z_]+", text))


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_asks_for_what_is_measured(alert):
    assert asked(alert["expr"])
    assert asked(alert["expr"]) <= series()
    assert alert["labels"]["severity"] in ("page", "look")
    assert alert["annotations"]["summary"]


def test_the_guide_says_what_to_do_about_every_alert():
    guide = Path(ROOT, "docs/operations.md").read_text()
    assert set(re.findall(r"^\| `([A-Z]\w+)` \| (?:page|look) \|", guide, re.MULTILINE)) == {
        alert["alert"] for alert in ALERTS
    }


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_shows_what_is_measured(panel):
    found = {name for target in panel["targets"] for name in asked(target["expr"])}
    assert found
    assert found <= series()


def test_everything_that_is_measured_can_be_seen():
    shown = {name for panel in PANELS for target in panel["targets"] for name in asked(target["expr"])}
    assert all(any(name.startswith(metric.name) for name in shown) for metric in measures.ALL)


def test_no_two_panels_lie_on_each_other():
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in PANELS]
    assert len(set(places)) == len(PANELS)


def test_what_watches_finds_the_port_that_the_server_opens():
    scraped = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"][0]["dns_sd_configs"][0]
    opened = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())["services"]["web"]["environment"]
    assert opened["METRICS_ADDRESS"] == f"0.0.0.0:{scraped['port']}"
