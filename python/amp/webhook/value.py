"""Values of a JSON document, read with errors that name their place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from amp.clock import SECOND_NS
from amp.errors import AmpError

_RFC_3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})"
    r"(?:\.(\d{1,9})\d*)?(?:([Zz])|([+-])(\d{2}):(\d{2}))",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 10**11
"""Numbers from here on are milliseconds: as seconds they would be in the year 5138."""
_LATEST_MILLISECONDS = 253_402_300_800_000
"""The year 10000, which RFC 3339 cannot write."""
_WHOLE_BELOW = 1e15


class BadAlert(AmpError):
    """One alert cannot be taken; the text says why."""


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment: as text (RFC 3339) and in Unix nanoseconds."""

    text: str
    at_ns: int


def scalar(value: object) -> str | None:
    """The text of a string, number or boolean, None of anything else. Lone surrogates go."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < _WHOLE_BELOW else repr(value)
    return str(value) if isinstance(value, int) else None


def clean(text: str) -> str:
    """The text with U+FFFD for each half of a pair that JSON's escapes may leave alone."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def string(value: object, place: str) -> str:
    """A string; null is the empty one.

    Raises:
        BadAlert: for anything else.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadAlert(f"{place} is {kind(value)}, not a string")
    return clean(value)


def label_map(value: object, place: str, *, empty: bool = False) -> dict[str, str]:
    """An object whose values are texts; numbers and booleans become texts, null and "" are absent.

    Args:
        value: the object; null is an empty one.
        place: its key, for errors.
        empty: whether empty texts stay (annotations), or are as good as absent (labels).

    Raises:
        BadAlert: for anything else, or a name that is empty.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadAlert(f"{place} is {kind(value)}, not an object")
    found: dict[str, str] = {}
    for key, given in value.items():
        if given is None:
            continue
        name, text = clean(key), scalar(given)
        if text is None:
            raise BadAlert(f"{place}: the value of {name!r} is {kind(given)}, not a string")
        if not name:
            raise BadAlert(f"{place}: a name is empty")
        if text or empty:
            found[name] = text
    return found


def instant(value: object, place: str) -> Instant | None:
    """A moment: RFC 3339, or Unix time as a number of seconds or milliseconds.

    Returns:
        None for null and the empty text.

    Raises:
        BadAlert: for anything else.
    """
    if value is None or value == "":
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        milliseconds = value if value >= _MILLISECONDS_FROM else value * 1000
        if 0 <= milliseconds < _LATEST_MILLISECONDS:
            return instant_text(int(milliseconds) * 1_000_000)
    elif isinstance(value, str) and (form := _RFC_3339.fullmatch(value.strip())) is not None:
        day, time, fraction, zulu, sign, hours, minutes = form.groups()
        zone, shown = UTC, "Z"
        if not zulu:
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            if offset >= timedelta(days=1):
                raise BadAlert(f"{place}: {value!r} is no time of RFC 3339")
            zone, shown = timezone(-offset if sign == "-" else offset), f"{sign}{hours}:{minutes}"
        try:
            moment = datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=zone)
        except ValueError:
            raise BadAlert(f"{place}: {value!r} is no time of RFC 3339") from None
        whole = moment - _EPOCH
        at_ns = (whole.days * 86_400 + whole.seconds) * SECOND_NS
        at_ns += int((fraction or "").ljust(9, "0"))
        return Instant(f"{day}T{time}{f'.{fraction}' if fraction else ''}{shown}", at_ns)
    raise BadAlert(f"{place}: {clean(str(value))[:64]!r} is no time of RFC 3339")


def instant_text(at_ns: int) -> Instant:
    """The instant of Unix nanoseconds, with all of them."""
    seconds, rest = divmod(at_ns, SECOND_NS)
    moment = _EPOCH + timedelta(seconds=seconds)
    return Instant(f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z", at_ns)


def kind(value: object) -> str:
    """What JSON calls a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"
