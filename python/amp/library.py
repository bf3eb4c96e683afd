"""Routing, inhibition, silences and intervals for programs: the pipeline's parts by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from amp import _core
from amp.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

_EPOCH_ORDINAL = 719_163
_SECONDS_A_DAY = 86_400


class Planned(Protocol):
    """Anything that gives a plan, as `amp.load_config` does."""

    def plan(self) -> bytes:
        """What the core needs of a configuration, as JSON."""
        ...


class RouteTree:
    """The routes of a configuration.

    Args:
        config: what `amp.load_config` gave.
    """

    def __init__(self, config: Planned) -> None:
        self._tree = _core.RouteTree(config.plan())

    def match(self, labels: Mapping[str, str]) -> list[_core.RouteMatch]:
        """Where an alert goes: one entry for each route it takes, in routing order.

        Upstream: dispatch/route.go Route.Match.
        """
        return self._tree.match(labels)

    def routes(self) -> list[_core.Route]:
        """Every route, children before their parent, the root last."""
        return self._tree.routes()


class InhibitIndex:
    """The inhibit rules of a configuration and the alerts that may inhibit others.

    Args:
        config: what `amp.load_config` gave.
    """

    def __init__(self, config: Planned) -> None:
        self._index = _core.InhibitIndex(config.plan())

    def update(self, labels: Mapping[str, str], starts_at: datetime, ends_at: datetime) -> None:
        """Learns of an alert, or of its new end. An alert whose start lies ahead inhibits already.

        Raises:
            ValueError: when a time is naive.
        """
        self._index.update(labels, unix_ns(starts_at), unix_ns(ends_at))

    def inhibited_by(self, labels: Mapping[str, str], now: datetime) -> list[str]:
        """The fingerprints of all firing alerts that inhibit one with these labels.

        Upstream: inhibit/inhibit.go Inhibitor.Mutes, which stops at the first.

        Raises:
            ValueError: when `now` is naive.
        """
        return self._index.inhibited_by(labels, unix_ns(now))


class SilenceIndex:
    """Silences that mute from `set` to `remove`; their times are the caller's business."""

    def __init__(self) -> None:
        self._index = _core.SilenceIndex()

    def set(self, id: str, matcher_sets: Sequence[Sequence[_core.Matcher]]) -> None:
        """Adds or replaces a silence: it mutes what satisfies all matchers of any of its sets."""
        self._index.set(id, matcher_sets)

    def remove(self, id: str) -> None:
        """Forgets a silence; an unknown one is no error."""
        self._index.remove(id)

    def silenced_by(self, labels: Mapping[str, str]) -> list[str]:
        """The ids of the silences that mute an alert, in the order they were set."""
        return self._index.silenced_by(labels)


class TimeInterval:
    """One entry of a `time_intervals` list: times, days, months and years in a location.

    Args:
        spec: the entry as a YAML file gives it.

    Raises:
        ConfigError: when it is refused, with upstream's text.
    """

    def __init__(self, spec: Mapping[str, object]) -> None:
        try:
            self._interval = _core.TimeInterval(spec)
        except _core.ConfigError as error:
            raise ConfigError(str(error)) from error

    def contains(self, at: datetime) -> bool:
        """Whether an instant lies in the interval, in the interval's own location.

        Raises:
            ValueError: when `at` is naive.
        """
        return self._interval.contains_ns(unix_ns(at))


def unix_ns(at: datetime) -> int:
    """An aware datetime as Unix nanoseconds, exact to its microsecond.

    Raises:
        ValueError: when it is naive.
    """
    offset = at.utcoffset()
    if offset is None:
        raise ValueError(f"a datetime without a time zone is not an instant: {at}")
    days = at.toordinal() - _EPOCH_ORDINAL - offset.days
    seconds = at.hour * 3600 + at.minute * 60 + at.second - offset.seconds
    micros = at.microsecond - offset.microseconds
    return ((days * _SECONDS_A_DAY + seconds) * 1_000_000 + micros) * 1_000
