"""Texts cut to what a service takes. Upstream: notify/util.go."""

from __future__ import annotations

ELLIPSIS = "…"
_ELLIPSIS_BYTES = len(ELLIPSIS.encode())


def truncate_runes(text: str, limit: int) -> tuple[str, bool]:
    """At most `limit` characters, the last one an ellipsis if there were more; whether it was cut.

    Upstream: notify/util.go TruncateInRunes.
    """
    if len(text) <= limit:
        return text, False
    return (text[:limit], True) if limit <= 3 else (text[: limit - 1] + ELLIPSIS, True)


def truncate_bytes(text: str, limit: int) -> tuple[str, bool]:
    """At most `limit` bytes of UTF-8, an ellipsis last if there were more; whether it was cut.

    Upstream: notify/util.go TruncateInBytes.
    """
    encoded = text.encode()
    if len(encoded) <= limit:
        return text, False
    if limit < _ELLIPSIS_BYTES:
        return "." * limit, True
    return encoded[: limit - _ELLIPSIS_BYTES].decode("utf-8", "ignore") + ELLIPSIS, True
