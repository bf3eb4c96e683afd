"""JSON bodies as upstream's encoder writes them. Upstream: encoding/json Encoder.Encode."""

from __future__ import annotations

import json
from typing import Any

_ESCAPED = ("<", ">", "&", "\u2028", "\u2029")


def encode(value: Any) -> bytes:
    """Compact JSON with a final newline; keys keep their order, `<`, `>` and `&` are escaped.

    Outside texts JSON has none of the escaped characters, so the whole document is searched.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in _ESCAPED:
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f"{text}\n".encode()


def filled(**values: Any) -> dict[str, Any]:
    """The entries that are not empty (`None`, `""`, `False`, `0`, `[]`, `{}`), in their order."""
    return {name: value for name, value in values.items() if value}
