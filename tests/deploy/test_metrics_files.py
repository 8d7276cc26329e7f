"""Alert rules and dashboard as files: they ask for nothing that is not measured, and the guide knows every alert."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from chatproject.lib import jobs, measures
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


def labels_of(text: str) -> set[str]:
    """Labels of the metrics that a question asks for."""
    names = asked(text)
    return {
        label
        for metric in measures.ALL
        if any(name.startswith(metric.name) for name in names)
        for label in metric.labels
    }


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_tells_only_what_its_question_keeps(alert):
    told = set(re.findall(r"\$labels\.(\w+)", alert["annotations"]["summary"]))
    by = re.search(r"\bby \(([\w, ]*)\)", alert["expr"])
    assert told <= labels_of(alert["expr"])
    assert not by or told <= set(by[1].split(", "))


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_names_its_lines_by_labels_that_are_measured(panel):
    for target in panel["targets"]:
        named = set(re.findall(r"{{(\w+)}}", target.get("legendFormat", "")))
        assert named <= labels_of(target["expr"]) | {"instance"}


def test_a_job_that_never_ended_well_is_told_whichever_it_is():
    (alert,) = [each for each in ALERTS if "absent(chat_job_last_success_timestamp" in each["expr"]]
    missed = re.findall(r'absent\(chat_job_last_success_timestamp\{task="(\w+)"\}\)', alert["expr"])
    assert sorted(missed) == sorted(jobs.JOBS)
    assert alert["expr"].count("absent(") == len(jobs.JOBS)
    assert alert["for"] == "2d"  # a night may go wrong, and the first one comes within a day


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
