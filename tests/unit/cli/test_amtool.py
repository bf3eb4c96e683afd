"""amtool against what the reference's amtool said to the same command lines."""

from __future__ import annotations

import io
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from amp.cli.amtool import run
from vectors import facts
from vectors.record.canned import FOLDER, Canned, shaded

if TYPE_CHECKING:
    from pathlib import Path

CASES = facts.cases("amtool")
ANSWERS = json.loads((FOLDER / "answers.json").read_text(encoding="utf-8"))


def expected(case: dict[str, Any]) -> dict[str, Any]:
    """What ours shall do: the same, but where it differs on purpose."""
    told = {key: case[key] for key in ("code", "out", "err")}
    for wrong, right in case.get("ours", ()):
        kept = "out" if wrong in told["out"] else "err"
        assert wrong in told[kept]
        told[kept] = told[kept].replace(wrong, right, 1)
    return told


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES])
def test_says_what_the_reference_says(
    case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(FOLDER, tmp_path / "amtool")
    monkeypatch.chdir(tmp_path / "amtool")
    home = tmp_path / "home"
    out, err = io.StringIO(), io.StringIO()
    with Canned(ANSWERS[case.get("answers", "none")]) as alertmanager:
        if "settings" in case:
            file = home / ".config/amtool/config.yml"
            file.parent.mkdir(parents=True)
            text = case["settings"].replace("SERVER", alertmanager.address)
            file.write_text(text, encoding="utf-8")
        words = [word.replace("SERVER", alertmanager.address) for word in case["words"]]
        stdin = io.BytesIO(case.get("stdin", "").encode())
        code = run(words, {"HOME": str(home)}, stdin, out, err)
        address = alertmanager.address
        seen = alertmanager.asked()
    told = {"out": shaded(out.getvalue(), address), "err": shaded(err.getvalue(), address)}
    assert told | {"code": code} == expected(case)
    assert seen == case.get("requests", [])
