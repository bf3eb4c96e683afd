"""Instants and durations as query parameters spell them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from amp.clock import SECOND_NS
from amp.errors import ConfigError
from amp.fields.duration import parse_duration, parse_go_duration

LAST_NS = (1 << 63) - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = re.compile(r"\d{1,12}(?:\.\d{1,9})?", re.ASCII)
_RFC3339 = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})"
    r"(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d{2}):(\d{2}))",
    re.ASCII,
)


def instant_ns(text: str) -> int:
    """Unix nanoseconds of an RFC 3339 instant or of Unix seconds.

    Raises:
        ValueError: when the text is neither, or before 1970 or after 2261.
    """
    if _SECONDS.fullmatch(text):
        at_ns = _decimal_ns(text)
    else:
        form = _RFC3339.fullmatch(text)
        if form is None:
            raise ValueError(text)
        at_ns = _form_ns(form)
    if not 0 <= at_ns < LAST_NS:
        raise ValueError(text)
    return at_ns


def _form_ns(form: re.Match[str]) -> int:
    *date, fraction, _, sign, hours, minutes = form.groups()
    year, month, day, hour, minute, second = (int(part) for part in date)
    offset = timedelta()
    if sign:
        offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
    moment = datetime(year, month, day, hour, minute, second, tzinfo=timezone(offset))
    whole = moment - _EPOCH
    return (whole.days * 86_400 + whole.seconds) * SECOND_NS + int((fraction or "").ljust(9, "0"))


def _decimal_ns(text: str) -> int:
    whole, _, fraction = text.partition(".")
    return int(whole) * SECOND_NS + int(fraction.ljust(9, "0"))


def duration_ns(text: str) -> int:
    """Nanoseconds of seconds (`90`, `1.5`), a Prometheus duration (`1d`) or Go's (`1h30m`).

    Raises:
        ValueError: when the text is none of them, negative, or longer than 292 years.
    """
    if _SECONDS.fullmatch(text):
        length = _decimal_ns(text)
    else:
        try:
            length = _spelled_ns(text)
        except ConfigError as error:
            raise ValueError(str(error)) from None
    if not 0 <= length < LAST_NS:
        raise ValueError(text)
    return length


def _spelled_ns(text: str) -> int:
    try:
        return int(parse_duration(text))
    except ConfigError:
        return int(parse_go_duration(text))


def rfc3339(at_ns: int) -> str:
    """An instant in UTC with exactly three decimals, cut, not rounded."""
    seconds, rest = divmod(at_ns, SECOND_NS)
    # A second's text ends with the zone, which is six characters long.
    moment = (_EPOCH + timedelta(seconds=seconds)).isoformat()
    return f"{moment[:-6]}.{rest // 1_000_000:03d}Z"
