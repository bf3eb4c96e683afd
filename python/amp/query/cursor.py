"""Where a page ended: opaque to clients, good for the same question only."""

from __future__ import annotations

import base64
import binascii
import json
from typing import NamedTuple

from amp.query.question import BadParameterError

_WHOLE = (1 << 63) - 1


class Cursor(NamedTuple):
    """The last row of a page and what the first page said.

    Attributes:
        key: the value by which rows are sorted.
        now_ns: until when open episodes lasted on the first page, so that the order stays.
        total: of the first page.
        estimated: whether that total is an estimate.
    """

    key: int
    starts_at_ns: int
    series_id: int
    now_ns: int
    total: int
    estimated: bool

    def text(self, digest: str) -> str:
        """The form for clients; `digest` is the question's."""
        body = json.dumps([digest, *self[:5], int(self.estimated)], separators=(",", ":"))
        return base64.urlsafe_b64encode(body.encode()).decode().rstrip("=")


def read_cursor(text: str, digest: str) -> Cursor:
    """The cursor of this question.

    Raises:
        BadParameterError: when the text is none, or another question's.
    """
    bad = BadParameterError("cursor", "parameter 'cursor' is not one that this server gave")
    try:
        body = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        given, *numbers = json.loads(body)
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise bad from None
    if len(numbers) != 6 or any(type(one) is not int or abs(one) > _WHOLE for one in numbers):
        raise bad
    if given != digest:
        raise BadParameterError(
            "cursor", "parameter 'cursor' belongs to another question: repeat its other parameters"
        )
    key, start, series, now_ns, total, estimated = numbers
    return Cursor(key, start, series, now_ns, total, bool(estimated))
