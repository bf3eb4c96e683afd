"""RFC 3339 at the API's face: three decimals out, upstream's many spellings in.

Upstream: go-openapi strfmt DateTime.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from amp.clock import SECOND_NS

ZERO_NS = -62_135_596_800 * SECOND_NS
"""0001-01-01T00:00:00Z, which means "not given"."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORM = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})"
    r"(?:T(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|[+-]\d{2}:\d{2}|[+-]\d{4})?"
    r"| (\d{2}):(\d{2}):(\d{2}))?",
    re.ASCII,
)


def milliseconds(at_ns: int) -> str:
    """An instant in UTC with exactly three decimals, cut, not rounded."""
    seconds, rest = divmod(at_ns, SECOND_NS)
    moment = _EPOCH + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // 1_000_000:03d}Z".rjust(24, "0")


def instant_ns(text: str) -> int:
    """The instant that a text names; the empty text is the Unix epoch, as upstream has it.

    Raises:
        ValueError: when the text is no date-time.
    """
    if not text:
        return 0
    form = _FORM.fullmatch(text)
    if form is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, zone, hour2, minute2, second2 = form.groups()
    if zone and len(zone) == 5 and len(fraction or "") not in (3, 6):
        raise ValueError(text)
    if second is None and fraction is None and zone not in (None, "Z"):
        raise ValueError(text)
    moment = datetime(
        int(year),
        int(month),
        int(day),
        int(hour or hour2 or 0),
        int(minute or minute2 or 0),
        int(second or second2 or 0),
        tzinfo=_zone(zone),
    )
    whole = moment - _EPOCH
    seconds = whole.days * 86_400 + whole.seconds
    return seconds * SECOND_NS + int((fraction or "").ljust(9, "0"))


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)
