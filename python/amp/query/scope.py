"""A question's filters as conditions on episodes, resolved to ids as far as that is cheap."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from amp._core import history_id
from amp.query.bounds import BOUNDS, Bounds
from amp.query.labels import label_filters
from amp.query.sql import Dialect, Sql, all_of, either, together

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amp.history.base import Reader
    from amp.query.labels import LabelFilter
    from amp.query.question import Question

FLAPPING_RATE = 4
"""Transitions per hour from which an episode counts as flapping: a score of one half."""

PROBED = 3
"""Up to so many labels are looked up for each episode; for more, their series are collected."""

DELIVERY = {
    "delivered": "e.notified = 1",
    "failed": "e.failed = 1",
    "pending": "e.notified = 0 AND e.failed = 0",
}


@dataclass(frozen=True, slots=True)
class Link:
    """Episodes that a table ties to something: a receiver, a group, a silence."""

    table: str
    column: str
    ids: tuple[int, ...]


@dataclass(slots=True)
class Scope:
    """What a question means in one moment of the store.

    Attributes:
        now_ns: until when open episodes last.
        label_filters: on columns of the episode.
        series: the only series that the other filters of labels leave; None for no such set.
        series_conditions: on series that are too many to name.
        links: what episodes must be tied to.
        words: for the search of notes.
        url_hashes: of generator URLs.
        flags: conditions on the episode's own flags, by their meaning.
        rest: conditions that no index helps with.
        nothing: whether no episode can match.
    """

    dialect: Dialect
    question: Question
    now_ns: int
    bounds: Bounds = BOUNDS
    label_filters: list[LabelFilter] = field(default_factory=list)
    series: list[int] | None = None
    series_conditions: list[Sql] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    words: tuple[str, ...] = ()
    url_hashes: tuple[int, ...] = ()
    flags: dict[str, Sql] = field(default_factory=dict)
    rest: list[Sql] = field(default_factory=list)
    nothing: bool = False

    @property
    def duration(self) -> str:
        """How long an episode lasted or lasts."""
        return f"(COALESCE(e.ends_at_ns, {self.now_ns:d}) - e.starts_at_ns)"

    def conditions(self, without: str = "") -> list[Sql]:
        """Conditions on an episode `e`, all but the one that a driver sees to already."""
        named = self._named()
        return [condition for name, condition in named if name != without or not name]

    def _named(self) -> Iterator[tuple[str, Sql]]:
        for one in self.label_filters:
            if one.column:
                condition = self.dialect.among(f"e.{one.column}", one.ids, negative=one.negative)
                yield one.column if not one.negative else "", condition
        if self.series is not None:
            yield "series", self.dialect.checked_among("e.series_id", self.series)
        yield from (("", condition) for condition in self.series_conditions)
        for link in self.links:
            yield link.table, self._linked(link)
        if self.words:
            yield "words", self.dialect.note_matches(self.words)
        if self.url_hashes:
            inner = self.dialect.among("url_hash", self.url_hashes)
            text = f"e.note_id IN (SELECT id FROM note WHERE {inner.text})"
            yield "urls", Sql(text, inner.values)
        yield from self.flags.items()
        yield from (("", condition) for condition in self.rest)

    def _linked(self, link: Link) -> Sql:
        among = self.dialect.among(f"l.{link.column}", link.ids)
        return Sql(
            f"EXISTS (SELECT 1 FROM {link.table} l WHERE {among.text} "
            "AND l.starts_at_ns = e.starts_at_ns AND l.series_id = e.series_id"
            f"{self.dialect.barrier})",
            among.values,
        )


def scope(question: Question, reader: Reader, now_ns: int, bounds: Bounds = BOUNDS) -> Scope:
    """Resolves a question."""
    found = Scope(Dialect(reader.dialect), question, now_ns, bounds)
    found.nothing = question.nothing or question.statuses == frozenset()
    if found.nothing:
        return found
    _flags(found, question)
    _durations(found, question)
    _links(found, question, reader)
    found.words = question.words
    found.url_hashes = tuple(history_id("url", url) for url in question.generator_urls)
    found.label_filters = label_filters(question, reader)
    _series(found, question, reader)
    found.nothing = found.series == [] or any(not link.ids for link in found.links)
    return found


def _flags(found: Scope, question: Question) -> None:
    for name, wanted in (("silenced", question.silenced), ("inhibited", question.inhibited)):
        if wanted is not None:
            found.flags[name if wanted else f"not_{name}"] = Sql(f"e.{name} = {int(wanted)}")
    if question.flapping is not None:
        test = ">=" if question.flapping else "<"
        name = "flapping" if question.flapping else "not_flapping"
        found.flags[name] = Sql(f"e.flap {test} {FLAPPING_RATE}")
    if question.statuses is not None and len(question.statuses) == 1:
        firing = "firing" in question.statuses
        name = "firing" if firing else "resolved"
        found.flags[name] = Sql(f"e.ends_at_ns IS {'NULL' if firing else 'NOT NULL'}")
    if question.delivery is not None:
        words = sorted(question.delivery)
        condition = either([Sql(f"({DELIVERY[word]})") for word in words])
        name = words[0] if len(words) == 1 else ""
        if name:
            found.flags[name] = condition
        else:
            found.rest.append(condition)


def _durations(found: Scope, question: Question) -> None:
    bounds = []
    if question.min_duration_ns is not None:
        bounds.append(f"{found.duration} >= {question.min_duration_ns:d}")
    if question.max_duration_ns is not None:
        bounds.append(f"{found.duration} <= {question.max_duration_ns:d}")
    if bounds:
        found.flags["duration"] = Sql(" AND ".join(bounds))


def _links(found: Scope, question: Question, reader: Reader) -> None:
    for table, column, bodies in (
        ("episode_receiver", "receiver_id", question.receivers),
        ("episode_silence", "silence_id", question.silence_ids),
    ):
        if bodies:
            ids = tuple(history_id("text", body) for body in bodies)
            found.links.append(Link(table, column, ids))
    if question.group_keys:
        marks = ",".join("?" * len(question.group_keys))
        rows = reader.rows(
            f"SELECT id FROM route_group WHERE group_key IN ({marks})",
            question.group_keys,
        )
        found.links.append(Link("episode_group", "group_id", tuple(row[0] for row in rows)))


def _series(found: Scope, question: Question, reader: Reader) -> None:
    """Names the series that the filters of labels leave, if these are few enough."""
    filters, dialect = found.label_filters, found.dialect
    positive = [one for one in filters if not one.negative]
    if question.fingerprints is not None:
        source = Sql("series s")
        conditions = [dialect.among("s.fingerprint", question.fingerprints)]
        id = "s.id"
    else:
        driver = _rarest(positive, reader, found) if _worth_it(filters, positive) else None
        if driver is None:
            found.series_conditions = [
                _having(one, "e.series_id", dialect) for one in filters if one.column is None
            ]
            return
        among = dialect.among("l.label_id", driver.ids)
        source, conditions, id = Sql("series_label l"), [among], "l.series_id"
        filters = [one for one in filters if one is not driver]
    conditions += [_of_series(one, id, dialect) for one in filters]
    where, most = all_of(conditions), found.bounds.most_series
    rows = reader.rows(
        f"SELECT {id} FROM {source.text} WHERE {where.text} LIMIT {most + 1}",
        where.values,
    )
    if len(rows) <= most:
        found.series = sorted(row[0] for row in rows)
        found.label_filters = []
        return
    found.series_conditions = [
        _having(one, "e.series_id", dialect) for one in found.label_filters if one.column is None
    ]


def _worth_it(filters: list[LabelFilter], positive: list[LabelFilter]) -> bool:
    """Whether a set of series beats an index on the episode's columns."""
    if len(filters) == 1 and filters[0].column and len(filters[0].ids) <= 2 * PROBED:
        return False
    return bool(positive)


def _rarest(filters: list[LabelFilter], reader: Reader, found: Scope) -> LabelFilter | None:
    """The filter that leaves the fewest series, if these can be named; not one of absent labels."""
    least = found.bounds.most_series
    some = [one for one in filters if 0 not in one.ids]
    if len(some) == 1 and len(found.label_filters) == 1:
        return some[0]  # whoever names its series counts them
    counts = [
        Sql(
            f"SELECT count(*), 0 FROM (SELECT 1 FROM series_label WHERE {among.text} "
            f"LIMIT {least + 1}) c",
            among.values,
        )
        for among in (found.dialect.among("label_id", one.ids) for one in some)
    ]
    answers = together(reader, counts) if counts else []
    ranked = [(rows[0][0], place) for place, rows in enumerate(answers) if rows[0][0] <= least]
    return some[min(ranked)[1]] if ranked else None


def _having(one: LabelFilter, series: str, dialect: Dialect) -> Sql:
    """A condition on a series id: it has one of these labels, or none."""
    among = dialect.among("x.label_id", one.ids)
    word = "NOT " if one.negative else ""
    if len(one.ids) <= PROBED:
        text = (
            f"EXISTS (SELECT 1 FROM series_label x WHERE {among.text} "
            f"AND x.series_id = {series}{dialect.barrier})"
        )
    else:
        text = f"{series} {word}IN (SELECT x.series_id FROM series_label x WHERE {among.text})"
        word = ""
    return Sql(f"{word}{text}", among.values)


def _of_series(one: LabelFilter, series: str, dialect: Dialect) -> Sql:
    """A filter as a condition on a series id, the columns' ones included."""
    if 0 not in one.ids:
        return _having(one, series, dialect)
    among = dialect.among(f"c.{one.column}", one.ids, negative=one.negative)
    return Sql(
        f"EXISTS (SELECT 1 FROM series c WHERE c.id = {series} AND {among.text})", among.values
    )
