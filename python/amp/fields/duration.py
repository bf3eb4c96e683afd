"""Durations in the two grammars of a configuration file: Prometheus' and Go's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amp.errors import ConfigError
from amp.fields.codec import Custom, Text
from amp.fields.decode import BAD, Codec, Decoder
from amp.fields.json_schema import GO_DURATION, GO_DURATION_TEXT, PROMETHEUS_DURATION
from amp.fields.node import SCALAR, Node
from amp.fields.quote import quote
from amp.fields.scalar import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amp.fields.json_schema import Definitions, Schema

NANOSECOND = 1
MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_LIMIT = 1 << 63
_PROMETHEUS_UNITS = {
    "y": (1, 365 * DAY),
    "w": (2, 7 * DAY),
    "d": (3, DAY),
    "h": (4, HOUR),
    "m": (5, MINUTE),
    "s": (6, SECOND),
    "ms": (7, MILLISECOND),
}
_GO_UNITS = {
    "ns": NANOSECOND,
    "us": MICROSECOND,
    "µs": MICROSECOND,
    "μs": MICROSECOND,
    "ms": MILLISECOND,
    "s": SECOND,
    "m": MINUTE,
    "h": HOUR,
}
_FLAG_UNITS = {**_GO_UNITS, "d": DAY, "w": 7 * DAY}


class Duration(int):
    """A duration in whole nanoseconds."""

    __slots__ = ()

    @property
    def seconds(self) -> float:
        """The duration in seconds."""
        return self / SECOND


def parse_duration(text: str) -> Duration:
    """Prometheus' grammar: `1h30m`, units from large to small (Upstream: common model/time.go)."""
    if text == "0":
        return Duration(0)
    if not text:
        raise ConfigError("empty duration string")
    invalid = ConfigError(f"not a valid duration string: {quote(text)}")
    rest, total, last = text, 0, 0
    while rest:
        count = _digits(rest)
        if count == 0 or count > 25 or int(rest[:count]) >= 1 << 64:
            raise invalid
        value, rest = int(rest[:count]), rest[count:]
        width = next((i for i, c in enumerate(rest) if c in "0123456789"), len(rest))
        if width == 0:
            raise invalid
        unit, rest = rest[:width], rest[width:]
        if unit not in _PROMETHEUS_UNITS:
            raise ConfigError(f"unknown unit {quote(unit)} in duration {quote(text)}")
        position, factor = _PROMETHEUS_UNITS[unit]
        if position <= last:
            raise invalid
        last = position
        total += value * factor
        if total >= _LIMIT:
            raise ConfigError("duration out of range")
    return Duration(total)


def format_duration(value: int) -> str:
    """Prometheus' form; years and weeks only when nothing remains."""
    rest = value // MILLISECOND * MILLISECOND
    if rest <= 0:
        return "0s"
    text = ""
    for unit, (_, factor) in _PROMETHEUS_UNITS.items():
        if unit in ("y", "w") and rest % factor:
            continue
        count, rest = divmod(rest, factor)
        if count:
            text += f"{count}{unit}"
    return text


def parse_go_duration(text: str) -> Duration:
    """Go's grammar: `-1.5h`, `300ms` (Go: time.ParseDuration)."""
    return _parse_go(text, _GO_UNITS)


def parse_flag_duration(text: str) -> float:
    """A duration on the command line, in seconds: Go's grammar with days and weeks (kingpin)."""
    return _parse_go(text, _FLAG_UNITS).seconds


def _parse_go(text: str, units: Mapping[str, int]) -> Duration:
    invalid = ConfigError(f"time: invalid duration {quote(text)}")
    negative = text.startswith("-")
    rest = text[1:] if text[:1] in ("-", "+") and text else text
    if rest == "0":
        return Duration(0)
    if not rest:
        raise invalid
    total = 0
    while rest:
        whole = _digits(rest)
        fraction = _digits(rest[whole + 1 :]) if rest[whole : whole + 1] == "." else None
        if whole + (fraction or 0) == 0 or whole > 25:
            raise invalid
        number = rest[:whole] or "0"
        decimals = "" if fraction is None else rest[whole + 1 : whole + 1 + fraction]
        rest = rest[whole + (0 if fraction is None else fraction + 1) :]
        width = next((i for i, c in enumerate(rest) if c in ".0123456789"), len(rest))
        if width == 0:
            raise ConfigError(f"time: missing unit in duration {quote(text)}")
        unit, rest = rest[:width], rest[width:]
        if unit not in units:
            raise ConfigError(f"time: unknown unit {quote(unit)} in duration {quote(text)}")
        total += int(number) * units[unit]
        if decimals:
            kept = decimals[:18]
            total += int(int(kept) * (units[unit] / 10 ** len(kept)))
        if total > _LIMIT or (total == _LIMIT and not negative):
            raise invalid
    return Duration(-total if negative else total)


def format_go_duration(value: int) -> str:
    """Go's form: `1h0m0s`, `1.5s`, `2ms` (Go: Duration.String)."""
    if value == 0:
        return "0s"
    sign, rest = ("-", -value) if value < 0 else ("", int(value))
    for unit, factor in (("ns", 1), ("µs", MICROSECOND), ("ms", MILLISECOND)):
        if rest < factor * 1000 and rest < SECOND:
            return f"{sign}{_decimal(rest, factor)}{unit}"
    minutes, rest = divmod(rest, MINUTE)
    seconds = f"{_decimal(rest, SECOND)}s"
    if not minutes:
        return sign + seconds
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}h{minutes}m{seconds}" if hours else f"{sign}{minutes}m{seconds}"


def _decimal(value: int, factor: int) -> str:
    whole, rest = divmod(value, factor)
    decimals = str(rest).zfill(len(str(factor)) - 1).rstrip("0") if factor > 1 else ""
    return f"{whole}.{decimals}" if decimals else str(whole)


def _digits(text: str) -> int:
    """How many ASCII digits a text begins with."""
    for index, character in enumerate(text):
        if character not in "0123456789":
            return index
    return len(text)


class GoDuration(Codec):
    """A Go duration; bare numbers are nanoseconds (Upstream: yaml.v2 decode.go, durationType)."""

    go = "time.Duration"
    zero = Duration(0)

    def read(self, decoder: Decoder, node: Node) -> Any:
        value = resolve(node)[1] if node.kind == SCALAR else None
        if isinstance(value, str):
            try:
                return parse_go_duration(value)
            except ConfigError:
                return decoder.mismatch(node, self)
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            return decoder.mismatch(node, self)
        whole = int(value) if abs(value) < _LIMIT else _LIMIT
        return Duration(whole) if -_LIMIT <= whole < _LIMIT else decoder.mismatch(node, self)

    def dump(self, value: Any) -> Any:
        return format_go_duration(value)

    def schema(self, definitions: Definitions) -> Schema:
        return GO_DURATION


class PrometheusDuration(Codec):
    """A Prometheus duration; `optional` tells unset (None) from zero."""

    go = "string"

    def __init__(self, *, optional: bool = False) -> None:
        self.zero = None if optional else Duration(0)
        self._optional = optional

    def read(self, decoder: Decoder, node: Node) -> Any:
        text = _TEXT.read(decoder, node)
        return BAD if text is BAD else parse_duration(text)

    def dump(self, value: Any) -> Any:
        return format_duration(value)

    def empty(self, value: Any) -> bool:
        return value is None if self._optional else not value

    def schema(self, definitions: Definitions) -> Schema:
        return PROMETHEUS_DURATION


def go_duration_text() -> Codec:
    """A Go duration that must be written as text (pushover's retry, expire and ttl)."""
    return Custom(
        parse_go_duration,
        format_go_duration,
        go="config.duration",
        zero=Duration(0),
        schema=GO_DURATION_TEXT,
    )


_TEXT = Text()
