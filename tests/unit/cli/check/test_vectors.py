"""Every recorded configuration gets the verdict that it has, and a whole report."""

from __future__ import annotations

import json
import time
from pathlib import Path

from amp.cli.check.examination import examine
from amp.cli.check.given import given
from amp.cli.check.shown import shown
from amp.options import Options

VECTORS = Path(__file__).parents[3] / "vectors" / "configs.json"
CASES = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]


def test_every_case_has_its_verdict(tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    wrong = []
    for case in CASES:
        if "files" in case or "differs" in case:
            continue
        file.write_text(case["text"], encoding="utf-8")
        found = given(str(file), "", set(), Options())
        report = examine(found, None, time.time_ns())
        assert json.loads(json.dumps(report.plain()))["verdict"] == report.verdict
        assert shown(report).endswith("\n")
        assert report.configuration is not None
        if (report.configuration["verdict"] == "accepted") is not case["accepted"]:
            wrong.append(case["name"])
    assert wrong == []
