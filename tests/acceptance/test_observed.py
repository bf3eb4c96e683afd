"""Debian's Prometheus scrapes AMP: the mixin, our dashboard and our rules find all they ask for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from acceptance.conftest import webhook
from compat import binaries
from compat.servers import Server, free_port
from sink import SinkProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy/prometheus"
MIXIN = json.loads((ROOT / "tests/vectors/mixin.json").read_text(encoding="utf-8"))["cases"]
DASHBOARD = json.loads((ROOT / "deploy/grafana/amp.json").read_text(encoding="utf-8"))
VARIABLES = {"$__rate_interval": "1m", "$job": ".+", "$instance": ".+", "$integration": "webhook"}
NAME = re.compile(r"\b(?:alertmanager|amp|process)_\w+|\bup\b")
STARTED_WITHIN_SECONDS = 30.0


def program(name: str) -> str:
    found = shutil.which(name)
    assert found is not None, f"{name} is not installed: run scripts/system test"
    return found


def filled(query: str) -> str:
    """The query with Grafana's variables replaced."""
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    return query


class Prometheus:
    """Asks a running Prometheus."""

    def __init__(self, port: int) -> None:
        self.port = port

    def get(self, path: str, **query: str) -> Any:
        text = urllib.parse.urlencode(query)
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}?{text}") as answer:
            return json.load(answer)

    def query(self, expression: str) -> Any:
        """The result's vector; an expression that cannot be evaluated is an error."""
        return self.get("/api/v1/query", query=expression)["data"]["result"]

    def wait(self, expression: str) -> None:
        """Until the expression has a result."""
        deadline = time.monotonic() + STARTED_WITHIN_SECONDS
        while time.monotonic() < deadline:
            try:
                if self.query(expression):
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError(expression)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Prometheus with both sets of rules, and what it scraped from an AMP that did something."""
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    mixin = [
        {"alert": one["alert"], "expr": one["expr"], "for": one["for"],
         "labels": {"severity": one["severity"]}}
        for one in MIXIN if one["kind"] == "rule"
    ]  # fmt: skip
    groups = {"groups": [{"name": "alertmanager.rules", "interval": "1s", "rules": mixin}]}
    (folder / "mixin.yml").write_text(yaml.safe_dump(groups))
    shutil.copy(RULES / "amp.rules.yml", folder)
    with SinkProcess() as sink:
        amp = Server(binaries.ours(), folder / "amp", webhook(sink.url("/")), alone=False)
        with amp as running:
            running.post("/api/v2/alerts", [{"labels": {"alertname": "observed"}}])
            sink.wait(1)
            (folder / "prometheus.yml").write_text(
                f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [mixin.yml, amp.rules.yml]
scrape_configs:
  - job_name: alertmanager
    static_configs: [{{targets: ['127.0.0.1:{running.port}']}}]
"""
            )
            with (folder / "log").open("wb") as log:
                process = subprocess.Popen(
                    [program("prometheus"), "--config.file=prometheus.yml",
                     "--storage.tsdb.path=tsdb", f"--web.listen-address=127.0.0.1:{port}"],
                    cwd=folder, stderr=log,
                )  # fmt: skip
            try:
                asked = Prometheus(port)
                asked.wait("rate(alertmanager_notifications_total[1m])")
                yield asked
            finally:
                process.terminate()
                process.wait(20)


def series_of(expressions: list[str]) -> set[str]:
    """The names of the series that expressions ask for."""
    return {name for expression in expressions for name in NAME.findall(expression)}


def dashboard() -> list[str]:
    """Every query of our dashboard."""
    panels = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def test_the_mixin_finds_every_series(prometheus: Prometheus) -> None:
    names = series_of([one["expr"] for one in MIXIN])
    assert len(names) == 14
    assert {name for name in names if not prometheus.query(name)} == set()


@pytest.mark.parametrize("query", [one["expr"] for one in MIXIN if one["kind"] == "query"])
def test_each_panel_of_the_mixin_shows_something(prometheus: Prometheus, query: str) -> None:
    assert prometheus.query(filled(query))


def test_our_dashboard_and_rules_find_every_series(prometheus: Prometheus) -> None:
    rules = yaml.safe_load((RULES / "amp.rules.yml").read_text(encoding="utf-8"))
    asked = dashboard() + [one["expr"] for group in rules["groups"] for one in group["rules"]]
    assert {name for name in series_of(asked) if not prometheus.query(name)} == set()


def test_each_query_of_our_dashboard_can_be_evaluated(prometheus: Prometheus) -> None:
    for query in dashboard():
        prometheus.query(filled(query))
    assert DASHBOARD["schemaVersion"] >= 36
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    for variable in DASHBOARD["templating"]["list"][1:]:
        found = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"])
        assert found is not None
        assert found[2] in prometheus.query(filled(found[1]))[0]["metric"]


def test_no_rule_fails_and_none_fires_on_a_good_day(prometheus: Prometheus) -> None:
    deadline = time.monotonic() + STARTED_WITHIN_SECONDS
    rules: list[Any] = []
    while time.monotonic() < deadline:
        groups = prometheus.get("/api/v1/rules")["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        if all(rule["health"] != "unknown" for rule in rules):
            break
        time.sleep(0.2)
    assert len(rules) == 28
    assert {rule["health"] for rule in rules} == {"ok"}, [rule.get("lastError") for rule in rules]
    assert [rule["name"] for rule in rules if rule["state"] != "inactive"] == []


def test_promtool_is_content_with_our_rules() -> None:
    for command in (["check", "rules", "amp.rules.yml"], ["test", "rules", "amp.rules.test.yml"]):
        subprocess.run([program("promtool"), *command], cwd=RULES, check=True, capture_output=True)


def test_promtool_is_content_with_our_metrics(tmp_path: Path) -> None:
    config = "{route: {receiver: r}, receivers: [{name: r}]}"
    with Server(binaries.ours(), tmp_path, config) as running:
        text = running.get("/metrics").body
    checked = subprocess.run(
        [program("promtool"), "check", "metrics"],
        input=text.encode(), capture_output=True, check=False,
    )  # fmt: skip
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
