"""Takes out of answers and webhook bodies what must differ between two servers."""

from __future__ import annotations

import re
from typing import Any

STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
ZERO = "0001-01-01T00:00:00Z"


class Words:
    """Names for the ids and moments of one server's story.

    Moments that the story itself posted stay as they are; those a server made become `<time>`.
    Ids become `$1`, `$2` … in the order in which the server gave them.
    """

    def __init__(self, posted: set[str]) -> None:
        self.posted = posted
        self.ids: list[str] = []

    def learn(self, silence_id: str) -> None:
        """Gives a new id its name."""
        if silence_id not in self.ids:
            self.ids.append(silence_id)

    def value(self, value: Any) -> Any:
        """The value with all texts normalised."""
        if isinstance(value, dict):
            found = {self.value(key): self.value(one) for key, one in value.items()}
            return found | ({"updatedAt": "<time>"} if "updatedAt" in found else {})
        if isinstance(value, list):
            return [self.value(one) for one in value]
        if isinstance(value, str):
            return self.text(value)
        return value

    def text(self, text: str) -> str:
        """One text normalised."""
        if STAMP.match(text):
            kept = text == ZERO or seconds(text) in self.posted
            return text if kept else "<time>"
        return UUID.sub(self._name, text)

    def _name(self, found: re.Match[str]) -> str:
        text = found.group(0)
        return f"${self.ids.index(text) + 1}" if text in self.ids else "<id>"


def seconds(stamp: str) -> str:
    """The stamp with milliseconds, as the API shows it."""
    whole, _, rest = stamp.partition(".")
    digits = rest.rstrip("Z") if rest else ""
    return f"{whole.rstrip('Z')}.{digits[:3]:0<3}Z"
