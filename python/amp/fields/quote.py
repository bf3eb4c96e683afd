"""Texts and values as Go's `%q` and `%#v` show them; many of upstream's messages do."""

from __future__ import annotations

from typing import Any

from amp.log import quote

__all__ = ["go_value", "quote"]


def go_value(value: Any) -> str:
    """Decoded YAML as Go's `%#v` shows it."""
    if isinstance(value, str):
        return quote(value)
    if value is None:
        return "interface {}(nil)"
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(go_value(item) for item in value)}}}"
    if isinstance(value, dict):
        pairs = ", ".join(f"{go_value(key)}:{go_value(item)}" for key, item in value.items())
        return f"map[interface {{}}]interface {{}}{{{pairs}}}"
    return str(value).lower()
