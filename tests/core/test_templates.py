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
