"""Reads the recorded facts about the reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def cases(name: str) -> list[dict[str, Any]]:
    """The cases of `<name>.json`, in order."""
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["cases"]
    return found


def names(name: str) -> list[str]:
    """The names of the cases, as ids of parametrized tests."""
    return [case["name"] for case in cases(name)]
