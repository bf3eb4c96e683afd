"""Templates against what the reference renders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from amp._core import TemplateData, TemplateError, Templates, check_template

VECTORS = Path(__file__).parent.parent / "vectors"
CASES = json.loads((VECTORS / "templates.json").read_text(encoding="utf-8"))["cases"]
DATA = json.loads((VECTORS / "templates_data.json").read_text(encoding="utf-8"))


def outcome(case: dict[str, Any]) -> dict[str, str]:
    """What we make of a case: its output or its error."""
    data = json.dumps(DATA[case["data"]]).encode()
    html = case["mode"] == "html"
    try:
        templates = Templates([(name, text) for name, text in case["files"]])
        return {"output": templates.render(case["text"], data, 0, html=html, sample=True)}
    except TemplateError as error:
        return {"error": str(error)}


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES])
def test_renders_as_the_reference(case: dict[str, Any]) -> None:
    expected = {key: case[key] for key in ("output", "error") if key in case}
    if "differs" in case:
        expected = case["ours"]
    assert outcome(case) == expected


def test_checks_a_text_alone() -> None:
    check_template("{{ .Status | toUpper }}")
    check_template("{{ .Status | printf `%s` }}", builtins_only=True)
    with pytest.raises(TemplateError, match=r'^template: :1: function "toUpper" not defined$'):
        check_template("{{ toUpper .Status }}", builtins_only=True)


def test_notifications_have_rendered_route_labels() -> None:
    data = json.dumps({"routeLabels": {"team": "{{ x }}"}}).encode()
    assert Templates().render('{{ routeLabels "team" }}', data, 0) == "{{ x }}"


def test_now_is_given() -> None:
    assert Templates().render("{{ now.UTC.Unix }} {{ since now }}", b"{}", 5_000_000_000) == "5 0s"


@pytest.mark.parametrize("data", [b"", b"[]x", b'{"alerts": 1}', b'{"commonLabels": {"a": 1}}'])
def test_refuses_data_of_another_shape(data: bytes) -> None:
    with pytest.raises(ValueError, match="template data"):
        Templates().render("x {{ .Status }}", data, 0)


def test_renders_many_texts_in_one_call() -> None:
    data = TemplateData(b'{"status": "firing", "receiver": "<team>"}')
    texts = [("{{ .Status }}", False), ("plain <!-- c -->", True), ("<b>{{ .Receiver }}</b>", True)]
    expected = ["firing", "plain ", "<b>&lt;team&gt;</b>"]
    assert Templates().render_many(texts, data, 0) == expected
    assert Templates().render_many([], data, 0) == []


def test_many_texts_name_the_one_that_fails() -> None:
    texts = [("{{ .Status }}", False), ("{{ .Nothing }}", False)]
    with pytest.raises(TemplateError, match="can't evaluate field Nothing") as caught:
        Templates().render_many(texts, TemplateData(b"{}"), 0)
    assert caught.value.index == 1  # type: ignore[attr-defined]
    with pytest.raises(TemplateError, match="unclosed action") as caught:
        Templates().render_many([("{{", False)], TemplateData(b"{}"), 0)
    assert caught.value.index == 0  # type: ignore[attr-defined]


def test_data_are_read_once_and_used_often() -> None:
    raw = json.dumps({"routeLabels": {"a": "{{ .Status }}"}, "status": "firing"}).encode()
    templates = Templates()
    for sample, expected in ((True, "firing"), (False, "{{ .Status }}")):
        data = TemplateData(raw, sample=sample)
        assert templates.render('{{ routeLabels "a" }}', data, 0) == expected
    with pytest.raises(ValueError, match="template data"):
        TemplateData(b"[]x")
    with pytest.raises(TypeError):
        templates.render("{{ .Status }}", "{}", 0)  # type: ignore[arg-type]


def test_a_text_without_actions_is_itself() -> None:
    data = TemplateData(b"{}")
    assert Templates().render("a < b <!-- c -->", data, 0) == "a < b <!-- c -->"
    assert Templates().render("a > b", data, 0, html=True) == "a > b"
    assert Templates().render("a <!-- c -->", data, 0, html=True) == "a "
