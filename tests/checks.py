"""What a run of `amp check` printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Result:
    """What one run printed, as data, and its exit code."""

    code: int
    report: dict[str, Any]
    text: str

    def findings(self, level: str = "error") -> list[str]:
        """`key: text` of the findings of a level."""
        return [
            f"{one.get('key', '')}: {one['text']}"
            for one in self.report["findings"]
            if one["level"] == level
        ]


Check = Callable[..., Result]
