"""Texts of used receivers are rendered before somebody waits for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from pathlib import Path

    from checks import Check, Result


def run(check: Check, folder: Path, integration: dict[str, object], **route: object) -> Result:
    """Checks a configuration with one integration."""
    config = {
        "route": {"receiver": "r", **route},
        "receivers": [
            {"name": "r", **integration},
            {"name": "idle", "slack_configs": [{"api_url": "http://h", "text": "{{ .Nope }}"}]},
        ],
        "templates": ["*.tmpl"],
    }
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
    return check(folder)


def slack(**texts: object) -> dict[str, object]:
    return {"slack_configs": [{"api_url": "http://h/", **texts}]}


@pytest.mark.parametrize(
    ("integration", "key"),
    [
        (slack(title="{{ .Foo }}"), "slack_configs[0].title"),
        (slack(title='{{ template "absent" . }}'), "slack_configs[0].title"),
        (slack(fields=[{"title": "a", "value": "{{ .Foo }}"}]), "slack_configs[0].fields[0].value"),
        (
            {"webhook_configs": [{"url": "http://h", "payload": {"a": [{"b": "{{ .Foo }}"}]}}]},
            "webhook_configs[0].payload.a[0].b",
        ),
        (
            {"pagerduty_configs": [{"routing_key": "k", "details": {"x": "{{ .Foo }}"}}]},
            "pagerduty_configs[0].details.x",
        ),
        (
            {"jira_configs": [
                {"api_url": "http://h", "project": "P", "issue_type": "{{ .Foo }}"}
            ]},
            "jira_configs[0].issue_type",
        ),
        (
            {"email_configs": [
                {"to": "a@b", "from": "a@b", "smarthost": "m:25", "headers": {"X": "{{ .Foo }}"}}
            ]},
            "email_configs[0].headers.X",
        ),
    ],
)  # fmt: skip
def test_a_text_that_fails_is_an_error(
    check: Check, tmp_path: Path, integration: dict[str, object], key: str
) -> None:
    found = run(check, tmp_path, integration)
    assert found.code == 1
    [finding] = found.findings()
    assert finding.startswith(f"receivers[0].{key}: does not render for a firing group: template: ")
    assert found.report["texts"]["failed"] == 1


def test_what_only_looks_like_a_template_is_a_warning(check: Check, tmp_path: Path) -> None:
    found = run(
        check,
        tmp_path,
        {
            "discord_configs": [{"webhook_url": "http://h/", "username": "{{ .Nope }}"}],
            "opsgenie_configs": [{"api_key": "k", "details": {"{{ .Nope }}": "x"}}],
        },
    )
    assert found.code == 0
    assert [warning.partition(": ")[0] for warning in found.findings("warning")[1:]] == [
        "receivers[0].opsgenie_configs[0].details.{{ .Nope }}",
        "receivers[0].discord_configs[0].username",
    ]


def test_each_of_several_is_told(check: Check, tmp_path: Path) -> None:
    found = run(check, tmp_path, slack(title="{{ .A }}", text="fine", footer="{{ .B }}"))
    assert len(found.findings()) == 2


def test_a_text_that_fails_for_resolved_groups_only(check: Check, tmp_path: Path) -> None:
    found = run(check, tmp_path, slack(text='{{ if eq .Status "resolved" }}{{ .Foo }}{{ end }}'))
    assert "does not render for a resolved group" in found.findings()[0]


def test_default_texts_render(check: Check, tmp_path: Path) -> None:
    found = run(check, tmp_path, slack(), group_by=["..."])
    assert found.code == 0
    assert found.report["texts"]["rendered"] > 5


@pytest.mark.parametrize("group_by", [[], ["instance", "pod"], ["..."], ["alertname"]])
def test_groups_have_what_the_route_asks_for(
    check: Check, tmp_path: Path, group_by: list[str]
) -> None:
    """The last child's labels: its own matchers' and its parent's."""
    text = (
        '{{ if ne .CommonLabels.team "db" }}{{ .NoTeam }}{{ end }}'
        '{{ if ne .CommonLabels.env "prod" }}{{ .NoEnv }}{{ end }}'
        '{{ if eq .Status "firing" }}{{ (index .Alerts.Firing 0).Labels.alertname }}{{ end }}'
    )
    child = {"match": {"team": "db"}, "receiver": "b", "group_by": group_by}
    config = {
        "route": {"receiver": "a", "routes": [{"matchers": ['env="prod"'], "routes": [child]}]},
        "receivers": [{"name": "a"}, {"name": "b", **slack(text=text)}],
    }
    (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(config))
    found = check(tmp_path)
    assert found.findings() == []
    assert found.report["texts"]["groups"] == 6


def test_labels_of_routes_are_rendered(check: Check, tmp_path: Path) -> None:
    found = run(check, tmp_path, slack(), labels={"owner": "{{ .Foo }}"})
    [finding] = found.findings()
    assert "the label owner of route {} does not render: template: " in finding


def test_template_files(check: Check, tmp_path: Path) -> None:
    (tmp_path / "a.tmpl").write_text(
        '{{ define "used" }}{{ template "inner" . }}{{ end }}{{ define "inner" }}x{{ end }}'
        '{{- define `idle` }}{{ template "inner" . }}{{ end }}{{/* define "none" */}}'
    )
    found = run(check, tmp_path, slack(text='{{ template "used" . }}'))
    assert found.code == 0
    assert found.report["templates"] == {
        "files": [str(tmp_path / "a.tmpl")],
        "defined": 3,
        "used": ["inner", "used"],
        "unused": ["idle"],
    }
    assert "1 template file, 3 definitions (not used: idle)" in found.text
    (tmp_path / "a.tmpl").write_text("{{ define }}")
    broken = run(check, tmp_path, slack())
    assert broken.code == 1
    assert broken.report["findings"][0]["file"] == str(tmp_path / "a.tmpl")


def test_a_pattern_without_files_is_a_warning(check: Check, tmp_path: Path) -> None:
    found = run(check, tmp_path, slack())
    [warning] = found.findings("warning")
    assert warning == f"templates[0]: no file matches {tmp_path}/*.tmpl"
