"""Merging the history of a backup into a store of history, its numbers into the store's."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from amp._core import flush_alerts, flush_alerts_blob
from amp.backup import table as tables
from amp.backup.episodes import Episodes
from amp.backup.ids import Ids
from amp.history.note import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence, Set

    from amp._core import HistoryRows
    from amp.backup.table import Row, Table
    from amp.history.base import HistoryStore

NOTE_KINDS = frozenset((1, 2))
"""Events whose `ref_id` is a note: received and changed."""

UNKNOWN = 0
"""No series and no note has this number: what names it names nothing."""

LINKS = {
    tables.EPISODE_GROUP: "episode_groups",
    tables.EPISODE_RECEIVER: "episode_receivers",
    tables.EPISODE_SILENCE: "episode_silences",
}
PLAIN = {
    tables.LABEL: "labels",
    tables.TEXT: "texts",
    tables.ROUTE_GROUP: "groups",
    tables.DELIVERY: "deliveries",
}
"""Tables whose rows go as they are: their numbers are hashes or instants."""


@dataclass
class Rows:
    """What the writer of history takes, as `amp._core.HistoryRows`."""

    labels: Sequence[Row] = ()
    texts: Sequence[Row] = ()
    notes: list[Row] = field(default_factory=list)
    groups: Sequence[Row] = ()
    series_new: list[Row] = field(default_factory=list)
    series_changed: list[Row] = field(default_factory=list)
    series_labels: Sequence[Row] = ()
    episodes_moved: Sequence[Row] = ()
    episodes_new: list[Row] = field(default_factory=list)
    episodes_changed: list[Row] = field(default_factory=list)
    episode_groups: Sequence[Row] = ()
    episode_receivers: Sequence[Row] = ()
    episode_silences: Sequence[Row] = ()
    events: Sequence[Row] = ()
    flushes: Sequence[Row] = ()
    deliveries: Sequence[Row] = ()

    def __len__(self) -> int:
        return sum(len(rows) for rows in vars(self).values())


class HistoryMerge:
    """Merges rows in the file's order, some at a time, on the thread of the history's writer.

    Rows that the store has stay. Restoring again changes nothing, or completes what broke off.

    Attributes:
        read: rows of each table that were looked at.
        left_out: rows that name a series which the backup lacks.
    """

    def __init__(self, made_at_ns: int, firing: Set[tuple[int, int]] | None) -> None:
        """Begins.

        Args:
            made_at_ns: when the backup was made.
            firing: fingerprint and start of each alert that fires here and now; None where no
                server runs, which will find out at its start.
        """
        self._series = Ids()
        self._fingerprints = array("q")
        self._notes = Ids()
        self._made_at_ns = made_at_ns
        self._firing = firing
        self.read: dict[str, int] = {}
        self.left_out = 0
        self._adders: Mapping[Table, Callable[[Sequence[Any], HistoryStore], Rows]] = {
            tables.SERIES: self._add_series,
            tables.SERIES_LABEL: lambda rows, _: Rows(series_labels=self._mapped(rows, 1)),
            tables.NOTE: self._add_notes,
            tables.EPISODE: self._add_episodes,
            tables.FLUSH: self._add_flushes,
            tables.EVENT: self._add_events,
        }

    @property
    def note(self) -> str:
        """What else there is to say; may be empty."""
        if not self.left_out:
            return ""
        return f"{self.left_out} rows of the history were left out: their series is not in it"

    def add(self, table: Table, rows: Sequence[Row], store: HistoryStore) -> None:
        """Merges some rows, in one transaction.

        Args:
            table: whose rows they are.
            rows: the file's next.
            store: open, and always the same.

        Raises:
            StoreUnavailable: nothing of them is in the store.
        """
        self.read[table.name] = self.read.get(table.name, 0) + len(rows)
        if table is tables.MARK:
            return  # how far another store was tells nothing of this one
        if table in PLAIN:
            found = Rows()
            setattr(found, PLAIN[table], rows)
        elif table in LINKS:
            found = Rows()
            setattr(found, LINKS[table], self._mapped(rows, 2))
        else:
            found = self._adders[table](rows, store)
        if len(found):
            store.write(cast("HistoryRows", found), 0)

    def _mapped(self, rows: Sequence[Any], at: int) -> list[Row]:
        """The rows with the store's number of the series in a column."""
        found: list[Row] = []
        for row in rows:
            series_id = self._series.get(row[at])
            if series_id is None:
                self.left_out += 1
            else:
                found.append((*row[:at], series_id, *row[at + 1 :]))
        return found

    def _add_series(self, rows: Sequence[Any], store: HistoryStore) -> Rows:
        known = {row[0]: row for row in store.known([row[1] for row in rows], [])[0]}
        highest = store.marks().series_id
        found = Rows()
        for number, fingerprint, labels, *ids, _, last_at_ns, flap, _ in rows:
            held = known.get(fingerprint)
            if held is None:
                # Into an empty store numbers come as they were.
                highest = series_id = max(number, highest + 1)
                # Its episodes count and open it as they come.
                found.series_new.append(
                    (series_id, fingerprint, labels, *ids, None, last_at_ns, flap, 0)
                )
            else:
                series_id = held[1]
                if last_at_ns > held[3]:
                    found.series_changed.append((held[2], last_at_ns, flap, 0, series_id))
            self._series.add(number, series_id)
            self._fingerprints.append(fingerprint)
        return found

    def _add_notes(self, rows: Sequence[Any], store: HistoryStore) -> Rows:
        known = dict(store.known([], [row[1] for row in rows])[1])
        highest = store.marks().note_id
        found = Rows()
        for number, digest, alert_name, texts, *urls in rows:
            note_id = known.get(digest)
            if note_id is None:
                highest = note_id = max(number, highest + 1)
                words = words_of(alert_name, texts)
                found.notes.append((note_id, digest, alert_name, texts, *urls, words))
            self._notes.add(number, note_id)
        return found

    def _add_episodes(self, rows: Sequence[Any], store: HistoryStore) -> Rows:
        mapped, fingerprints = [], {}
        for row in rows:
            at = self._series.position(row[1])
            if at is None:
                self.left_out += 1
                continue
            series_id, fingerprint = self._series.became(at), self._fingerprints[at]
            note_id = self._notes.get(row[4]) or UNKNOWN
            mapped.append((row[0], series_id, *row[2:4], note_id, *row[5:]))
            fingerprints[series_id] = fingerprint
        series = store.known(list(fingerprints.values()), [])[0]
        episodes = Episodes(store, mapped, series, self._made_at_ns, self._firing)
        return Rows(
            episodes_new=episodes.new,
            episodes_changed=episodes.changed,
            series_changed=episodes.series_changed,
        )

    def _add_flushes(self, rows: Sequence[Any], _: HistoryStore) -> Rows:
        return Rows(flushes=[(*row[:4], self._alerts(row[4])) for row in rows])

    def _alerts(self, blob: bytes) -> bytes:
        series, notes = self._series.get, self._notes.get
        return flush_alerts_blob(
            [
                (series(series_id) or UNKNOWN, starts_at_ns, ends_at_ns, notes(note_id) or UNKNOWN)
                for series_id, starts_at_ns, ends_at_ns, note_id in flush_alerts(blob)
            ]
        )

    def _add_events(self, rows: Sequence[Any], _: HistoryStore) -> Rows:
        series, notes = self._series.get, self._notes.get
        events: list[Row] = []
        for seq, at_ns, kind, series_id, group_id, ref_id in rows:
            mapped = None if series_id is None else series(series_id)
            if mapped is None and series_id is not None:
                self.left_out += 1
                continue
            ref = notes(ref_id) if kind in NOTE_KINDS and ref_id is not None else ref_id
            events.append((seq, at_ns, kind, mapped, group_id, ref))
        return Rows(events=events)
