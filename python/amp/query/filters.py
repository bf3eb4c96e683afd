"""Reads query parameters: every filter of `/history`, with a limit on everything."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from amp._core import MatcherError, history_words, parse_matcher
from amp.query.instant import duration_ns, instant_ns
from amp.query.question import SORTS, BadParameterError, Question

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from amp._core import Matcher

MAX_PARAMETERS = 200
MAX_VALUES = 50
"""Of one parameter."""
MAX_CHARACTERS = 8192
"""Of one value."""
MAX_WORDS = 20
MAX_WILDCARDS = 32
MAX_LIMIT = 1000
DEFAULT_LIMIT = 100

SERIES_FILTERS = frozenset(("severity", "namespace", "alert_name", "alert_name_pattern", "filter"))
WINDOW = frozenset(("from", "to"))
EPISODE_FILTERS = SERIES_FILTERS | WINDOW | {
    "status", "fingerprint", "search", "generator_url", "min_duration", "max_duration",
    "is_resolved", "receiver", "silenced", "inhibited", "group_key", "delivery_status",
    "silence_id", "is_flapping", "classification_severity", "classification_source",
    "has_classification", "min_confidence", "max_confidence",
}  # fmt: skip
PAGING = frozenset(("sort", "order", "limit", "cursor"))
NAMED_LABELS = (("alert_name", "alertname"), ("severity", "severity"), ("namespace", "namespace"))

_LABEL = re.compile(r"label\[(.{1,1024})\]", re.DOTALL)
_TRUE = frozenset(("true", "1", "yes"))
_FALSE = frozenset(("false", "0", "no"))


class Parameters:
    """The parameters of one request by name, each of which must be known.

    Args:
        given: as in the query string, in order.
        known: the names that the endpoint has.
        labels: whether `label[NAME]` is one of them.

    Raises:
        BadParameterError: an unknown name, too many parameters, values that are too long or many.
    """

    def __init__(
        self, given: Iterable[tuple[str, str]], known: Iterable[str], *, labels: bool = True
    ) -> None:
        names = frozenset(known)
        self._values: dict[str, list[str]] = {}
        self.labels: dict[str, list[str]] = {}
        for position, (name, value) in enumerate(given):
            if position >= MAX_PARAMETERS:
                raise BadParameterError(name[:64], f"more than {MAX_PARAMETERS} parameters")
            held = self._values
            key = name
            if labels and (form := _LABEL.fullmatch(name)):
                held, key = self.labels, form[1]
            elif name not in names:
                raise BadParameterError(name[:64], f"unknown parameter {name[:64]!r}")
            values = held.setdefault(key, [])
            if len(values) >= MAX_VALUES:
                raise BadParameterError(
                    name, f"parameter {name!r} has more than {MAX_VALUES} values"
                )
            if len(value) > MAX_CHARACTERS:
                raise BadParameterError(
                    name, f"parameter {name!r} is longer than {MAX_CHARACTERS} characters"
                )
            if "\x00" in value or "\x00" in key:
                raise BadParameterError(name, f"parameter {name!r} has a zero byte")
            values.append(value)

    def without(self, *names: str) -> Parameters:
        """The same without some names."""
        rest = Parameters((), ())
        rest._values = {name: held for name, held in self._values.items() if name not in names}
        rest.labels = self.labels
        return rest

    def many(self, name: str) -> list[str]:
        """All values, in order."""
        return self._values.get(name, [])

    def one(self, name: str) -> str | None:
        """The only value.

        Raises:
            BadParameterError: when there are several.
        """
        values = self.many(name)
        if len(values) > 1:
            raise BadParameterError(name, f"parameter {name!r} is given more than once")
        return values[0] if values else None

    def some_of(self, name: str, allowed: Sequence[str]) -> frozenset[str] | None:
        """Several of a few words; None when not given."""
        values = self.many(name)
        for value in values:
            if value not in allowed:
                raise _bad(name, value, f"one of {', '.join(allowed)}")
        return frozenset(values) if values else None

    def one_of(self, name: str, allowed: Sequence[str]) -> str | None:
        """One of a few words; None when not given."""
        value = self.one(name)
        if value is not None and value not in allowed:
            raise _bad(name, value, f"one of {', '.join(allowed)}")
        return value

    def flag(self, name: str) -> bool | None:
        """True or false; None when not given."""
        value = self.one(name)
        if value is None:
            return None
        if value.lower() in _TRUE:
            return True
        if value.lower() in _FALSE:
            return False
        raise _bad(name, value, "true or false")

    def instant(self, name: str) -> int | None:
        """An instant in Unix nanoseconds; None when not given."""
        value = self.one(name)
        if value is None:
            return None
        try:
            return instant_ns(value)
        except (ValueError, OverflowError):
            raise _bad(name, value, "an RFC 3339 time or Unix seconds") from None

    def duration(self, name: str) -> int | None:
        """A duration in nanoseconds; None when not given."""
        value = self.one(name)
        if value is None:
            return None
        try:
            return duration_ns(value)
        except ValueError:
            raise _bad(name, value, "a duration such as 90, 90s or 1h30m") from None

    def number(self, name: str, least: float, most: float) -> float | None:
        """A number within bounds; None when not given."""
        value = self.one(name)
        if value is None:
            return None
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not least <= number <= most:
            raise _bad(name, value, f"a number from {least:g} to {most:g}")
        return number

    def whole(self, name: str, least: int, most: int, default: int) -> int:
        """A whole number within bounds."""
        value = self.one(name)
        if value is None:
            return default
        if not (value.isascii() and value.isdigit() and len(value) < 12):
            raise _bad(name, value, f"a whole number from {least} to {most}")
        if not least <= int(value) <= most:
            raise _bad(name, value, f"a whole number from {least} to {most}")
        return int(value)

    def limit(self) -> int:
        """How many rows a page has."""
        return self.whole("limit", 1, MAX_LIMIT, DEFAULT_LIMIT)


def window(parameters: Parameters) -> tuple[int | None, int | None]:
    """`from` and `to` in Unix nanoseconds."""
    from_ns, to_ns = parameters.instant("from"), parameters.instant("to")
    if from_ns is not None and to_ns is not None and to_ns <= from_ns:
        raise BadParameterError("to", "parameter 'to' must be later than 'from'")
    return from_ns, to_ns


def question(parameters: Parameters, mode: str) -> Question:
    """What the parameters ask of the episodes.

    Args:
        parameters: `limit` and `cursor` are left to the caller.
        mode: the grammar of matchers.

    Raises:
        BadParameterError: naming the first parameter that cannot be read.
    """
    from_ns, to_ns = window(parameters)
    least, most = parameters.duration("min_duration"), parameters.duration("max_duration")
    if least is not None and most is not None and most < least:
        raise BadParameterError("max_duration", "parameter 'max_duration' is below 'min_duration'")
    return Question(
        from_ns=from_ns,
        to_ns=to_ns,
        statuses=_statuses(parameters),
        labels=_labels(parameters),
        matchers=_matchers(parameters, mode),
        patterns=_patterns(parameters),
        fingerprints=_fingerprints(parameters),
        words=_words(parameters),
        generator_urls=_sorted(parameters.many("generator_url")),
        min_duration_ns=least,
        max_duration_ns=most,
        receivers=_sorted(parameters.many("receiver")),
        group_keys=_sorted(parameters.many("group_key")),
        silence_ids=_sorted(parameters.many("silence_id")),
        delivery=parameters.some_of("delivery_status", ("delivered", "failed", "pending")),
        silenced=parameters.flag("silenced"),
        inhibited=parameters.flag("inhibited"),
        flapping=parameters.flag("is_flapping"),
        nothing=_classified(parameters),
        sort=parameters.one_of("sort", SORTS) or "starts_at",
        descending=parameters.one_of("order", ("asc", "desc")) != "asc",
    )


def _bad(name: str, value: str, wanted: str) -> BadParameterError:
    return BadParameterError(name, f"parameter {name!r} must be {wanted}, not {value[:100]!r}")


def _sorted(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def _statuses(parameters: Parameters) -> frozenset[str] | None:
    statuses = parameters.some_of("status", ("firing", "resolved"))
    resolved = parameters.flag("is_resolved")
    if resolved is None:
        return statuses
    wanted = frozenset(("resolved" if resolved else "firing",))
    return wanted if statuses is None else statuses & wanted


def _labels(parameters: Parameters) -> tuple[tuple[str, tuple[str, ...]], ...]:
    asked = [(name, _sorted(values)) for name, values in sorted(parameters.labels.items())]
    for parameter, label in NAMED_LABELS:
        if values := parameters.many(parameter):
            asked.append((label, _sorted(values)))
    return tuple(asked)


def _matchers(parameters: Parameters, mode: str) -> tuple[Matcher, ...]:
    found = []
    for text in parameters.many("filter"):
        try:
            found.append(parse_matcher(text, mode))
        except MatcherError as error:
            raise BadParameterError("filter", f"parameter 'filter': {error}") from None
    return tuple(sorted(found, key=lambda one: (one.name, one.op, one.value)))


def _patterns(parameters: Parameters) -> tuple[str, ...]:
    patterns = parameters.many("alert_name_pattern")
    for pattern in patterns:
        if pattern.count("*") + pattern.count("?") > MAX_WILDCARDS:
            raise BadParameterError(
                "alert_name_pattern",
                f"parameter 'alert_name_pattern' has more than {MAX_WILDCARDS} wildcards",
            )
    return _sorted(patterns)


def _fingerprints(parameters: Parameters) -> tuple[int, ...] | None:
    values = parameters.many("fingerprint")
    return tuple(sorted({signed_fingerprint(value) for value in values})) if values else None


def signed_fingerprint(text: str) -> int:
    """The number under which the store has a fingerprint.

    Raises:
        BadParameterError: when the text is none.
    """
    if not re.fullmatch("[0-9a-fA-F]{16}", text):
        raise _bad("fingerprint", text, "16 hexadecimal digits")
    number = int(text, 16)
    return number - (1 << 64) if number >= 1 << 63 else number


def _words(parameters: Parameters) -> tuple[str, ...]:
    text = parameters.one("search")
    if text is None:
        return ()
    words = searched_words(text)
    if not words:
        raise _bad("search", text, "a text with at least one letter or digit")
    if len(words) > MAX_WORDS:
        raise BadParameterError("search", f"parameter 'search' has more than {MAX_WORDS} words")
    return words


def searched_words(text: str) -> tuple[str, ...]:
    """The words of a query: whole runs of letters and digits, not the humps of `LikeThis`."""
    return _sorted(word for run in re.split(r"[\W_]+", text) for word in history_words(run)[:1])


def _classified(parameters: Parameters) -> bool:
    """Whether a filter of classifications leaves nothing: no alert is classified yet."""
    asked = parameters.many("classification_severity") + parameters.many("classification_source")
    least = parameters.number("min_confidence", 0, 1)
    most = parameters.number("max_confidence", 0, 1)
    if least is not None and most is not None and most < least:
        raise BadParameterError(
            "max_confidence", "parameter 'max_confidence' is below 'min_confidence'"
        )
    has = parameters.flag("has_classification")
    return bool(asked) or least is not None or most is not None or has is True
