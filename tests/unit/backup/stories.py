"""Random state and history, and what of it two stores must have in common."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import strategies as st

from amp._core import flush_alerts, flush_alerts_blob, history_id
from amp.backup import table as tables
from amp.backup.format import Header
from amp.backup.history import Rows
from amp.backup.read import Backup
from amp.backup.source import history_of, opened
from amp.backup.stopped import restore
from amp.backup.write import replaced, write
from amp.history.note import words_of
from amp.store.base import Changes, SilenceEntry
from amp.store.url import store_for

if TYPE_CHECKING:
    from pathlib import Path

    from amp.backup.outcome import Outcome
    from amp.backup.source import Source

FAR_NS = 8_000_000_000 * 10**9
"""Beyond every clock: nothing of a story is over."""

START_NS = 1_790_000_000 * 10**9
MADE_AT_NS = START_NS + 10**15
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
ID = st.integers(1, 1 << 61)


class Place(NamedTuple):
    """A store that no process uses."""

    url: str
    folder: Path

    def write(self, changes: Changes, *histories: Rows) -> None:
        """Writes as a server does."""
        store, _ = store_for(self.url, self.folder)
        store.open()
        store.write(changes)
        history = history_of(self.url, self.folder)
        history.open()
        for rows in histories:
            history.write(rows, 0)  # type: ignore[arg-type]
        history.close()
        store.close()

    def backed_up(self) -> Path:
        """A backup of it."""
        path = self.folder / "backup"
        with opened(self.url, self.folder) as source, replaced(path) as file:
            write(source, Header(MADE_AT_NS, "1", source.state_schema, source.history_schema), file)
        return path

    def restore(self, path: Path) -> Outcome:
        """Restores a backup into it."""
        backup = Backup(path)
        try:
            return restore(backup, backup.verify(), self.url, self.folder, with_history=True)
        finally:
            backup.close()

    def content(self) -> dict[str, list[Any]]:
        """Everything in it, its own numbers replaced by what they stand for."""
        with opened(self.url, self.folder) as source:
            return content(source)


def _times(draw: st.DrawFn, count: int) -> list[int]:
    return draw(
        st.lists(st.integers(0, 10**9), min_size=count, max_size=count, unique=True).map(
            lambda found: [START_NS + item * 1000 for item in found]
        )
    )


@st.composite
def states(draw: st.DrawFn) -> Changes:
    """Silences, log entries and alerts."""
    silences = [
        SilenceEntry(f"s{at}", draw(st.integers(0, 1 << 62)), FAR_NS, draw(st.binary(max_size=9)))
        for at in range(draw(st.integers(0, 4)))
    ]
    log = [
        (bytes([at]) * 16, draw(st.integers(0, 1 << 62)), FAR_NS, draw(st.binary(max_size=9)))
        for at in range(draw(st.integers(0, 4)))
    ]
    alerts = [
        (
            f"{at:016x}", False, json.dumps({"a": draw(TEXTS)}), "{}", START_NS, FAR_NS,
            START_NS, draw(st.booleans()), draw(TEXTS),
        )
        for at in range(draw(st.integers(0, 4)))
    ]  # fmt: skip
    return Changes(silences=silences, log=log, alerts=alerts)


@st.composite
def histories(draw: st.DrawFn) -> Rows:
    """A history whose rows name each other as the writer's do."""
    rows = Rows()
    series_ids = draw(st.lists(st.integers(1, 1 << 40), max_size=4, unique=True))
    note_ids = draw(st.lists(st.integers(1, 1 << 40), min_size=1, max_size=4, unique=True))
    rows.texts = [(history_id("text", body), body) for body in draw(st.sets(TEXTS, max_size=3))]
    rows.groups = [
        (history_id("group", key, "r"), key, "r", "{}") for key in draw(st.sets(TEXTS, max_size=2))
    ]
    for at, note_id in enumerate(note_ids):
        name, summary = f"CpuHigh{at}", draw(TEXTS)
        annotations = json.dumps({"summary": summary})
        words = words_of(name, annotations)
        rows.notes.append((note_id, at - 2, name, annotations, draw(TEXTS), draw(ID), words))
    groups = [row[0] for row in rows.groups]
    labels, links, events, flushes, deliveries = [], [], [], [], []
    group_links: list[Any] = []
    seqs = iter(_times(draw, 40))
    for at, series_id in enumerate(series_ids):
        name_id = history_id("label", "alertname", f"A{at}")
        labels.append((name_id, "alertname", f"A{at}"))
        links.append((name_id, series_id))
        starts = sorted(_times(draw, draw(st.integers(1, 3))))
        open_at_ns = None
        for turn, starts_at_ns in enumerate(starts):
            last = turn == len(starts) - 1
            ends_at_ns = None if last and draw(st.booleans()) else starts_at_ns + 500
            open_at_ns = starts_at_ns if ends_at_ns is None else None
            flags = [draw(st.integers(0, 1)) for _ in range(4)]
            rows.episodes_new.append(
                (
                    starts_at_ns, series_id, ends_at_ns, 0 if ends_at_ns is None else 1,
                    draw(st.sampled_from(note_ids)), *flags, draw(st.floats(0, 50)), name_id, 0, 0,
                )
            )  # fmt: skip
            note_id = draw(st.sampled_from(note_ids))
            events.append((next(seqs) // 1000, starts_at_ns, 1, series_id, None, note_id))
            events.append((next(seqs) // 1000, starts_at_ns, 3, series_id, None, 1))
            group_links += [(group, starts_at_ns, series_id) for group in groups]
        labels_text = json.dumps({"alertname": f"A{at}"}, separators=(",", ":"))
        rows.series_new.append(
            (
                series_id, at * 7 - 9, labels_text, name_id, 0, 0, open_at_ns, starts[-1],
                draw(st.floats(0, 50)), len(starts),
            )
        )  # fmt: skip
        for group in groups:
            members = [(series_id, starts[0], 0, note_ids[0])]
            flush_id = next(seqs) // 1000
            flushes.append((flush_id, group, 1, 0, flush_alerts_blob(members)))
            events.append((flush_id, flush_id * 1000, 7, None, group, None))
            deliveries.append(
                (
                    next(seqs) // 1000, flush_id, group, 0, "webhook", 0, "first", 1, 1, 0, "",
                    draw(st.none() | st.integers(100, 599)), 5, draw(TEXTS), "http://x", "", "",
                )
            )  # fmt: skip
    rows.labels, rows.series_labels = labels, links
    rows.episode_groups, rows.episode_receivers, rows.episode_silences = (group_links,) * 3
    rows.events, rows.flushes, rows.deliveries = events, flushes, deliveries
    return rows


def content(source: Source) -> dict[str, list[Any]]:
    """Everything in a store, its own numbers replaced by what they stand for."""
    found = {
        table.name: [row for rows in source.rows(table) for row in rows]
        for table in (*tables.STATE, *tables.HISTORY)
    }
    del found["history_mark"]
    series = {row[0]: row[1] for row in found["series"]}
    notes = {row[0]: row[1] for row in found["note"]}
    found["series"] = [
        (*row[1:2], json.loads(row[2])["alertname"], *row[3:]) for row in found["series"]
    ]
    found["note"] = [row[1:] for row in found["note"]]
    found["series_label"] = [(row[0], series[row[1]]) for row in found["series_label"]]
    for name in ("episode_group", "episode_receiver", "episode_silence"):
        found[name] = [(*row[:2], series[row[2]]) for row in found[name]]
    found["episode"] = [
        (row[0], series[row[1]], *row[2:4], notes[row[4]], *row[5:]) for row in found["episode"]
    ]
    found["flush"] = [
        (*row[:4], [(series[s], a, b, notes[n]) for s, a, b, n in flush_alerts(row[4])])
        for row in found["flush"]
    ]
    found["event"] = [
        (*row[:3], row[3] and series[row[3]], row[4], notes[row[5]] if row[2] == 1 else row[5])
        for row in found["event"]
    ]
    return {name: sorted(rows, key=repr) for name, rows in found.items()}
