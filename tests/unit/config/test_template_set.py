"""Template sets for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

import amp

VECTORS = Path(__file__).parents[2] / "vectors"
DATA = json.loads((VECTORS / "templates_data.json").read_text(encoding="utf-8"))


def test_renders_the_default_templates() -> None:
    title = amp.TemplateSet().render('{{ template "slack.default.title" . }}', DATA["main"])
    assert title == "[FIRING:2] DiskFull node "


def test_escapes_html_when_asked() -> None:
    data = {"status": "<firing>"}
    templates = amp.TemplateSet()
    assert templates.render("<b>{{ .Status }}</b>", data) == "<b><firing></b>"
    assert templates.render("<b>{{ .Status }}</b>", data, html=True) == "<b>&lt;firing&gt;</b>"


def test_takes_files_then_texts(tmp_path: Path) -> None:
    (tmp_path / "b.tmpl").write_text('{{ define "x" }}file {{ .Status }}{{ end }}top of b')
    (tmp_path / "a.tmpl").write_text('{{ define "x" }}first{{ end }}{{ define "y" }}a{{ end }}')
    text = '{{ template "x" . }}|{{ template "y" . }}|{{ template "b.tmpl" . }}'
    files = amp.TemplateSet(files=[f"{tmp_path}/*.tmpl"])
    assert files.render(text, {"status": "firing"}) == "file firing|a|top of b"
    both = amp.TemplateSet(
        [tmp_path / "a.tmpl", tmp_path / "b.tmpl"], ['{{ define "x" }}t{{ end }}']
    )
    assert both.render(text, {}) == "t|a|top of b"
    assert amp.TemplateSet(files=[f"{tmp_path}/nothing*"]).render("x", {}) == "x"


def test_times_are_texts_or_aware_datetimes() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=timezone(timedelta(hours=2)))
    text = "{{ range .Alerts }}{{ .StartsAt.UTC }}{{ end }}"
    for start in (at, at.isoformat(), "2026-01-02T01:04:05.6Z"):
        data = {"alerts": [{"startsAt": start}]}
        assert amp.TemplateSet().render(text, data) == "2026-01-02 01:04:05.6 +0000 UTC"
    with pytest.raises(ValueError, match="without a time zone"):
        amp.TemplateSet().render(text, {"alerts": [{"startsAt": at.replace(tzinfo=None)}]})


def test_now_can_be_given() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert amp.TemplateSet().render("{{ now.Unix }}", {}, now=now) == str(int(now.timestamp()))
    before = datetime.now(UTC).timestamp()
    assert int(before) <= int(amp.TemplateSet().render("{{ now.Unix }}", {}))


def test_route_labels_are_templates() -> None:
    data = {"routeLabels": {"team": "{{ .Status }}!"}, "status": "firing", "unknown": [1]}
    assert amp.TemplateSet().render('{{ routeLabels "team" }}', data) == "firing!"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{", r"^template: :1: unclosed action$"),
        ("{{ nonsense }}", r'^template: :1: function "nonsense" not defined$'),
        ("{{ .Nothing }}", r"at <\.Nothing>: can't evaluate field Nothing in type template\.Data$"),
    ],
)
def test_failures_are_template_errors(text: str, message: str) -> None:
    with pytest.raises(amp.TemplateError, match=message):
        amp.TemplateSet().render(text, {})


def test_refuses_sets_that_do_not_parse(tmp_path: Path) -> None:
    (tmp_path / "a.tmpl").write_text("\n{{ nonsense }}")
    with pytest.raises(amp.TemplateError, match=r'^template: a\.tmpl:2: function "nonsense"'):
        amp.TemplateSet([tmp_path / "a.tmpl"])
    with pytest.raises(amp.TemplateError, match="unexpected EOF"):
        amp.TemplateSet(texts=["{{ if true }}"])
    with pytest.raises(amp.ConfigError, match="syntax error in pattern"):
        amp.TemplateSet(["["])
    with pytest.raises(amp.ConfigError, match="is a directory"):
        amp.TemplateSet([tmp_path])


def test_refuses_data_of_another_shape() -> None:
    with pytest.raises(ValueError, match="template data"):
        amp.TemplateSet().render("{{ .Status }}", {"alerts": 1})
    with pytest.raises(ValueError, match="template data: set is no JSON"):
        amp.TemplateSet().render("{{ .Status }}", {"status": {1}})
