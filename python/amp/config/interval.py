"""Named time intervals (Upstream: timeinterval/timeinterval.go and config/config.go)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amp.config.dump import Flow
from amp.config.ranges import (
    WEEKDAYS,
    day_range,
    month_range,
    time_of_day,
    weekday_range,
    year_range,
    zone,
)
from amp.errors import ConfigError
from amp.fields.codec import Custom, ListOf, Text
from amp.fields.json_schema import TEXT, pattern
from amp.fields.struct import Struct, StructOf, entry, refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from amp.fields.json_schema import Schema


class _Ranges(ListOf):
    """Ranges as texts in upstream's normal form; None when absent, which is no constraint."""

    def __init__(
        self, make: Callable[[str], str], go: str, zero: str = "0", *, schema: Schema = TEXT
    ) -> None:
        item = Custom(make, zero=zero, schema=schema)
        super().__init__(item, f"[]timeinterval.{go}", optional=True)

    def dump(self, value: Any) -> Any:
        return Flow(value)


# Editors' expressions know no flag for capitals.
_DAY = "|".join("".join(f"[{c.upper()}{c}]" for c in day) for day in WEEKDAYS)
_WEEKDAY_RANGE = pattern(f"^({_DAY})(:({_DAY}))?$")
_TIME_OF_DAY = pattern("^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")

_MIDNIGHT = "00:00"
_NO_DAY = "0"


@dataclass(frozen=True, slots=True)
class TimeRange(Struct):
    """A part of the day; the end is not in it."""

    GO = "timeinterval.yamlTimeRange"
    NEEDS = ("start_time", "end_time")

    start_time: str = entry(Text(schema=_TIME_OF_DAY))
    end_time: str = entry(Text(schema=_TIME_OF_DAY))

    def checked(self) -> Self:
        """Both ends, in order and within a day."""
        if not self.start_time or not self.end_time:
            raise ConfigError("both start and end times must be provided")
        start, end = time_of_day(self.start_time), time_of_day(self.end_time)
        if start >= end:
            raise refused("start time cannot be equal or greater than end time", "end_time")
        return self


class _TimeRangeOf(StructOf):
    def __init__(self) -> None:
        super().__init__(TimeRange, pointer=False)

    @property
    def zero(self) -> Any:
        """A range without a minute in it."""
        return TimeRange(_MIDNIGHT, _MIDNIGHT)


@dataclass(frozen=True, slots=True)
class Interval(Struct):
    """Times that satisfy every given field; None is no constraint, an empty list never holds."""

    GO = "timeinterval.TimeInterval"

    times: tuple[TimeRange, ...] | None = entry(
        ListOf(_TimeRangeOf(), "[]timeinterval.TimeRange", optional=True)
    )
    weekdays: tuple[str, ...] | None = entry(
        _Ranges(weekday_range, "WeekdayRange", "sunday", schema=_WEEKDAY_RANGE)
    )
    days_of_month: tuple[str, ...] | None = entry(_Ranges(day_range, "DayOfMonthRange"))
    months: tuple[str, ...] | None = entry(_Ranges(month_range, "MonthRange"))
    years: tuple[str, ...] | None = entry(_Ranges(year_range, "YearRange"))
    location: str | None = entry(Custom(zone))

    def spec(self) -> dict[str, object]:
        """The mapping from which the core compiles the interval.

        Entries that were null, and so never hold, are left out.
        """
        found: dict[str, object] = {
            name: [part for part in value if name != "days_of_month" or part != _NO_DAY]
            for name in ("weekdays", "days_of_month", "months", "years")
            if (value := getattr(self, name)) is not None
        }
        if self.times is not None:
            found["times"] = [
                {"start_time": part.start_time, "end_time": part.end_time}
                for part in self.times
                if part.start_time != part.end_time
            ]
        if self.location is not None:
            found["location"] = self.location
        return found


@dataclass(frozen=True, slots=True)
class NamedInterval(Struct):
    """A name for a list of intervals, any of which may hold."""

    GO = "config.plain"
    NEEDS = ("name",)
    WHAT = "time interval"

    name: str = entry(Text(), keep=True)
    time_intervals: tuple[Interval, ...] = entry(
        ListOf(StructOf(Interval, pointer=False), "[]timeinterval.TimeInterval"), keep=True
    )

    def checked(self) -> Self:
        """The name is needed."""
        if not self.name:
            raise refused(f"missing name in {self.WHAT}", "name")
        return self


@dataclass(frozen=True, slots=True)
class MuteInterval(NamedInterval):
    """An entry of the deprecated list `mute_time_intervals`."""

    WHAT = "mute time interval"
