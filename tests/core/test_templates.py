"""Templates against what the reference renders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from amp._core import TemplateError, Templates, check_template

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
