"""Every recorded configuration gets the reference's verdict, text and dump."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from amp.config.build import check_buildable
from amp.config.load import load_config
from amp.config.templates import parse_templates
from amp.errors import ConfigError

VECTORS = Path(__file__).parents[2] / "vectors" / "configs.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]


@pytest.fixture(params=CASES, ids=[case["name"] for case in CASES])
def case(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """One case, in a working directory with its files."""
    found: dict[str, Any] = request.param
    for name, text in found.get("files", {}).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return found


def test_the_server_says_the_same(case: dict[str, Any]) -> None:
    if "differs" in case:
        assert outcome(case["text"]) != {
            "error": case.get("error"),
            "original": case.get("original"),
        }
    elif case.get("crash"):
        assert outcome(case["text"])["error"] is not None
    else:
        expected = {"error": case.get("error"), "original": case.get("original")}
        assert outcome(case["text"]) == expected


def test_check_config_says_the_same(case: dict[str, Any]) -> None:
    if "differs" in case or case.get("crash") or case.get("check_crash"):
        return
    expected = case["check_error"] if "check_error" in case else case.get("error")
    try:
        parse_templates(load_config(case["text"], base_dir="."))
        found = None
    except ConfigError as error:
        found = error.cause.removeprefix("failed to parse templates: ")
    assert found == expected


def outcome(text: str) -> dict[str, str | None]:
    """What the server would answer, and the dump it would show."""
    try:
        config = load_config(text, base_dir=".")
        parse_templates(config)
        check_buildable(config)
    except ConfigError as error:
        return {"error": error.cause, "original": None}
    assert config.plan()
    return {"error": None, "original": config.to_yaml()}
