"""The texts inside time intervals (Upstream: timeinterval/timeinterval.go)."""

from __future__ import annotations

import re

from amp._core import ConfigError as CoreConfigError
from amp._core import TimeInterval
from amp.errors import ConfigError
from amp.fields.quote import quote

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_TIME = re.compile(r"((([01][0-9])|(2[0-3])):[0-5][0-9])\Z|(24:00)\Z")
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_LIMIT = 1 << 63


def time_of_day(text: str) -> int:
    """Minutes since midnight of `HH:MM`."""
    if not _TIME.match(text):
        raise ConfigError(f"couldn't parse timestamp {text}, invalid format")
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def weekday_range(text: str) -> str:
    """`monday:friday` or `monday`, names in lower case."""
    start, end = _ends(text.lower())
    first, last = _weekday(start), _weekday(end)
    if first > last:
        raise ConfigError("start day cannot be before end day")
    return WEEKDAYS[first] if first == last else f"{WEEKDAYS[first]}:{WEEKDAYS[last]}"


def _weekday(name: str) -> int:
    if name not in WEEKDAYS:
        raise ConfigError(f"{name} is not a valid weekday")
    return WEEKDAYS.index(name)


def day_range(text: str) -> str:
    """Days of the month, -1 is the last one."""
    begin, end = (_integer(part) for part in _ends(text))
    for day in (begin, end):
        if day == 0 or not -31 <= day <= 31:
            raise ConfigError(f"{day} is not a valid day of the month: out of range")
    if begin < 0 < end:
        raise ConfigError("end day must be negative if start day is negative")
    if _shortest_month(begin) > _shortest_month(end):
        raise ConfigError(f"end day {end} is always before start day {begin}")
    return _shown(begin, end)


def _shortest_month(day: int) -> int:
    """The day in a month of 28 days."""
    return day if day > 0 else 28 + day


def month_range(text: str) -> str:
    """Months by name or number, shown by number."""
    start, end = _ends(text.lower())
    begin, last = _month(start), _month(end)
    if begin > last:
        raise ConfigError(
            f"end month {_month_name(last)} is before start month {_month_name(begin)}"
        )
    return _shown(begin, last)


def _month(text: str) -> int:
    if text in MONTHS:
        return MONTHS.index(text) + 1
    if not _INTEGER.match(text) or len(text) > 30 or not -_LIMIT <= int(text) < _LIMIT:
        raise ConfigError(f"{text} is not a valid month")
    return int(text)


def _month_name(month: int) -> str:
    return MONTHS[month - 1] if 1 <= month <= 12 else ""


def year_range(text: str) -> str:
    """Years, both ends in it."""
    begin, end = (_integer(part) for part in _ends(text))
    if begin > end:
        raise ConfigError(f"end year {end} is before start year {begin}")
    return _shown(begin, end)


def zone(name: str) -> str:
    """The name of a time zone that exists."""
    if name in ("", "UTC", "Local"):
        return name or "UTC"
    if ".." in name.split("/") or name.startswith(("/", "\\")):
        raise ConfigError("time: invalid location name")
    try:
        # The core decides: it brings the zones along where the machine has none, as in most images.
        TimeInterval({"location": name})
    except CoreConfigError as error:
        raise ConfigError(str(error)) from None
    return name


def _ends(text: str) -> tuple[str, str]:
    parts = text.split(":")
    if len(parts) > 2:
        raise ConfigError(f"couldn't parse range {text}, invalid format")
    return parts[0], parts[-1]


def _integer(text: str) -> int:
    if not _INTEGER.match(text):
        raise ConfigError(f"strconv.Atoi: parsing {quote(text)}: invalid syntax")
    if len(text) > 30 or not -_LIMIT <= int(text) < _LIMIT:
        raise ConfigError(f"strconv.Atoi: parsing {quote(text)}: value out of range")
    return int(text)


def _shown(begin: int, end: int) -> str:
    return str(begin) if begin == end else f"{begin}:{end}"
