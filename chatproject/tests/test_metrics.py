"""Metrics: the text that Prometheus reads, and who may read it."""

import re
import socket
import threading
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from chatproject import VERSION
from chatproject.lib import measures, metricsport
from chatproject.lib.metrics import Counter, Gauge, Histogram, exposition
from tests.sources import ROOT


def lines(metric) -> list[str]:
    return [line for line in exposition([metric]).splitlines() if not line.startswith("#")]


def test_a_family_begins_with_its_sentence_and_its_kind():
    text = exposition([Counter("a_total", "What is counted.")])
    assert text == "# HELP a_total What is counted.\n# TYPE a_total counter\na_total 0\n"


def test_a_counter_adds_up_by_its_labels():
    counter = Counter("a_total", "x", ("way", "kind"))
    counter.add("in", "post")
    counter.add("in", "post", by=2)
    counter.add("out", 'say "\\"\n')
    assert lines(counter) == ['a_total{way="in",kind="post"} 3', 'a_total{way="out",kind="say \\"\\\\\\"\\n"} 1']


def test_a_label_too_few_is_an_error():
    counter = Counter("a_total", "x", ("way",))
    counter.add()
    with pytest.raises(ValueError):
        lines(counter)


def test_no_count_is_lost_between_threads():
    counter = Counter("a_total", "x")
    threads = [threading.Thread(target=lambda: [counter.add() for _ in range(2000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.value() == 8000


def test_a_histogram_is_cumulative_and_ends_with_all():
    histogram = Histogram("a_seconds", "x", ("type",), bounds=(0.1, 1.0))
    for seconds in (0.05, 0.1, 0.5, 7):
        histogram.observe(seconds, "post")
    assert lines(histogram) == [
        'a_seconds_bucket{type="post",le="0.1"} 2',
        'a_seconds_bucket{type="post",le="1"} 3',
        'a_seconds_bucket{type="post",le="+Inf"} 4',
        'a_seconds_sum{type="post"} 7.65',
        'a_seconds_count{type="post"} 4',
    ]


def test_a_level_that_cannot_be_read_hides_no_other():
    broken, whole = Gauge("a", "x"), Gauge("b", "x")
    broken.read_from(lambda: 1 // 0)
    whole.read_from(lambda: 5)
    assert "a " not in exposition([broken, whole]).replace("# HELP a x", "").replace("# TYPE a gauge", "")
    assert lines(whole) == ["b 5"]


def test_names_follow_the_conventions():
    for metric in measures.ALL:
        assert re.fullmatch(r"chat_[a-z_]+", metric.name)
        assert metric.name.endswith("_total") == isinstance(metric, Counter), metric.name
    assert len({metric.name for metric in measures.ALL}) == len(measures.ALL)


def test_no_label_is_one_that_prometheus_gives_itself():
    """Of two with one name it keeps its own, and calls ours `exported_...`: alerts would read the wrong one."""
    ours = {label for metric in measures.ALL for label in metric.labels}
    assert "task" in ours
    assert not ours & {"job", "instance"}


def test_the_guide_explains_exactly_what_is_measured():
    explained = re.findall(r"^\| `(chat_[a-z_]+)` \|", Path(ROOT, "docs/operations.md").read_text(), re.MULTILINE)
    assert sorted(explained) == sorted(metric.name for metric in measures.ALL)


def test_the_version_is_the_packages():
    assert f'\nversion = "{VERSION}"\n' in Path(ROOT, "pyproject.toml").read_text()


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_the_port_answers_metrics_and_nothing_else():
    port = metricsport.start("127.0.0.1", 0)
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert f'chat_build_info{{version="{VERSION}"}} 1' in text
    with pytest.raises(HTTPError) as refused:
        urlopen(f"http://127.0.0.1:{port}/")
    assert refused.value.code == 404


def test_processes_on_one_machine_take_one_port_each():
    first = metricsport.start("127.0.0.1", 0)
    assert first < metricsport.start("127.0.0.1", first) <= first + metricsport.PORTS_TRIED


def test_an_address_that_is_not_ours_is_told():
    with pytest.raises(metricsport.NoPort):
        metricsport.start("192.0.2.1", 9464)


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("127.0.0.1", True),
        ("10.2.3.4", True),
        ("::1", True),
        ("::ffff:10.2.3.4", True),
        ("fd00::1", True),
        ("fe80::1%eth0", True),
        ("100.64.1.2", True),
        ("::ffff:100.64.1.2", True),
        ("8.8.8.8", False),
        ("2001:4860:4860::8888", False),
        ("::ffff:8.8.8.8", False),
    ],
)
def test_only_private_networks_are_answered(address, inside):
    assert metricsport.is_inside(address) is inside


def test_a_stranger_gets_no_number(monkeypatch):
    monkeypatch.setattr(metricsport, "is_inside", lambda address: False)
    port = metricsport.start("127.0.0.1", 0)
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.0 403")


@pytest.mark.parametrize(
    ("error", "told"), [(ConnectionResetError(), False), (BrokenPipeError(), False), (ValueError(), True)]
)
def test_who_hangs_up_early_leaves_no_trace_in_the_log(error, told, capsys):
    with metricsport._Server(("127.0.0.1", 0), metricsport._Handler) as server:
        try:
            raise error
        except (OSError, ValueError):
            server.handle_error(None, ("127.0.0.1", 1))
    assert bool(capsys.readouterr().err) is told
