"""Fills a history with made-up alerts, the same for the same seed, in both databases.

The rows are those that AMP's writer would have written: episodes do not overlap, ends are in the
past, rates of flapping follow the formula.
"""

from __future__ import annotations

import json
import math
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from amp._core import fingerprint, history_id, history_words

if TYPE_CHECKING:
    from collections.abc import Iterator

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
DAYS = 30
SERIES = 20_000
EVENTS_AN_EPISODE = 5

RECEIVERS = ("pager", "slack", "mail", "webhook", "tickets", "database-team", "network", "default")
SEVERITIES = (("warning", 55), ("critical", 20), ("info", 20), ("", 5))
TEAMS = tuple(f"team-{number}" for number in range(12))
THINGS = ("Node", "Disk", "Pod", "Api", "Queue", "Database", "Cache", "Network", "Kube", "Ingress")
FAULTS = ("Down", "Full", "Slow", "Errors", "Saturated", "Flapping", "Restarting", "Lagging",
          "Missing", "Throttled")  # fmt: skip
EXTRAS = ("", "Soon", "Again")

NAMES = tuple(f"{thing}{fault}{extra}" for extra in EXTRAS for thing in THINGS for fault in FAULTS)


@dataclass(slots=True)
class Rows:
    """Everything, by table, in the order of the columns."""

    series: list[tuple[Any, ...]] = field(default_factory=list)
    label: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    series_label: list[tuple[Any, ...]] = field(default_factory=list)
    note: list[tuple[Any, ...]] = field(default_factory=list)
    episode: list[tuple[Any, ...]] = field(default_factory=list)
    route_group: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    episode_group: list[tuple[Any, ...]] = field(default_factory=list)
    episode_receiver: list[tuple[Any, ...]] = field(default_factory=list)
    episode_silence: list[tuple[Any, ...]] = field(default_factory=list)
    text: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    event: list[tuple[Any, ...]] = field(default_factory=list)
    flush: list[tuple[Any, ...]] = field(default_factory=list)
    delivery: list[tuple[Any, ...]] = field(default_factory=list)

    def body(self, body: str) -> int:
        """The id of a text that is kept once."""
        id = history_id("text", body)
        self.text[id] = (id, body)
        return id


@dataclass(slots=True)
class Source:
    """One series while it is made up."""

    id: int
    labels: dict[str, str]
    base_note: int
    varying: bool
    group_id: int
    receiver: str
    name_id: int
    severity_id: int
    namespace_id: int


class Generator:
    """Makes the rows of `events` events that end at an instant."""

    def __init__(self, events: int, until_ns: int, series: int = SERIES, seed: int = 6) -> None:
        self._random = random.Random(seed)
        self._episodes = events // EVENTS_AN_EPISODE
        self._until_ns = until_ns
        self._from_ns = until_ns - DAYS * 24 * HOUR
        self._series = series
        self._events: list[tuple[Any, ...]] = []
        self.rows = Rows()

    def run(self) -> Rows:
        """Makes everything."""
        sources = [self._source(number + 1) for number in range(self._series)]
        silences = [f"{self._random.getrandbits(128):032x}" for _ in range(200)]
        shares = [self._random.paretovariate(1.5) for _ in sources]
        scale = self._episodes / sum(shares)
        owed = 0.0
        for source, share in zip(sources, shares, strict=True):
            owed += share * scale
            count = int(owed)
            owed -= count
            self._life(source, count, silences)
        self.rows.episode.sort()
        self._number_events()
        return self.rows

    def _label(self, name: str, value: str) -> int:
        if not value:
            return 0
        id = history_id("label", name, value)
        self.rows.label[id] = (id, name, value)
        return id

    def _source(self, id: int) -> Source:
        pick = self._random
        severity = pick.choices(
            [name for name, _ in SEVERITIES], [weight for _, weight in SEVERITIES]
        )[0]
        name = NAMES[min(int(pick.expovariate(1 / 40)), len(NAMES) - 1)]
        service = pick.randrange(300)
        labels = {
            "alertname": name,
            "cluster": f"cluster-{pick.randrange(5)}",
            "instance": f"10.{service % 20}.{pick.randrange(100)}.7:9100",
            "namespace": "" if pick.random() < 0.05 else f"space-{service % 50}",
            "pod": f"service-{service}-{id:x}",
            "service": f"service-{service}",
            "severity": severity,
            "team": TEAMS[service % len(TEAMS)],
        }
        labels = {key: value for key, value in labels.items() if value}
        ids = {key: self._label(key, value) for key, value in labels.items()}
        self.rows.series_label += [(label_id, id) for label_id in ids.values()]
        receiver = RECEIVERS[min(int(pick.expovariate(0.5)), len(RECEIVERS) - 1)]
        namespace = labels.get("namespace", "")
        key = f'{{}}/{{team="{labels["team"]}"}}:{{alertname="{name}", namespace="{namespace}"}}'
        group_id = history_id("group", key, receiver)
        shown = json.dumps({"alertname": name, "namespace": namespace})
        self.rows.route_group[group_id] = (group_id, key, receiver, shown)
        self.rows.body(receiver)
        return Source(
            id, labels, self._note(labels, None), pick.random() < 0.2, group_id, receiver,
            ids["alertname"], ids.get("severity", 0), ids.get("namespace", 0),
        )  # fmt: skip

    def _note(self, labels: dict[str, str], value: float | None) -> int:
        name, service = labels["alertname"], labels["service"]
        annotations = {
            "description": f"{name} on {labels['instance']} of {service}"
            + ("" if value is None else f", the value is {value:.2f} percent now"),
            "runbook_url": f"https://runbooks.example.org/{name}",
            "summary": f"{service} has trouble in {labels.get('namespace', 'no namespace')}",
        }
        body = json.dumps(annotations)
        url = f"http://prometheus.example.org/graph?g0.expr={name}%7Bservice%3D%22{service}%22%7D"
        id = len(self.rows.note) + 1
        words = history_words(f"{name} {annotations['summary']} {annotations['description']}")
        signed = id * 0x9E3779B97F4A7C15 % (1 << 64) - (1 << 63)
        self.rows.note.append(
            (id, signed, name, body, url, history_id("url", url), " ".join(words))
        )
        return id

    def _life(self, source: Source, count: int, silences: list[str]) -> None:
        pick = self._random
        bursts = pick.random() < 0.01
        starts: list[int] = []
        while len(starts) < count:
            at = self._from_ns + int(pick.random() * (self._until_ns - self._from_ns))
            length = min(count - len(starts), 20 if bursts else 1)
            starts += [at + step * 150 * SECOND for step in range(length)]
        starts = sorted(at for at in set(starts) if at < self._until_ns)
        rate, last_ns, open_at = 0.0, 0, None
        for position, at in enumerate(starts):
            limit = starts[position + 1] if position + 1 < len(starts) else 1 << 62
            length = int(60 * SECOND + math.exp(pick.gauss(math.log(1200), 1.6)) * SECOND)
            if bursts:
                length = 60 * SECOND
            end: int | None = min(at + length, at + (limit - at) * 9 // 10)
            if end is not None and end >= self._until_ns:
                end, open_at = None, at
            peak = 0.0
            for moment in (at, end):
                if moment is not None:
                    decay = 0.5 ** ((moment - last_ns) / HOUR) if last_ns else 0.0
                    rate, last_ns = rate * decay + math.log(2), moment
                    peak = max(peak, rate)
            self._episode(source, at, end, peak, silences)
        fires = len(starts)
        unsigned = int(fingerprint(source.labels), 16)
        signed = unsigned - (1 << 64) if unsigned >= 1 << 63 else unsigned
        self.rows.series.append(
            (source.id, signed, json.dumps(source.labels), source.name_id, source.severity_id,
             source.namespace_id, open_at, last_ns or self._from_ns, rate, fires)
        )  # fmt: skip

    def _episode(
        self, source: Source, at: int, end: int | None, peak: float, silences: list[str]
    ) -> None:
        pick, rows = self._random, self.rows
        silenced, inhibited = pick.random() < 0.03, pick.random() < 0.02
        failed = pick.random() < 0.01
        held = silenced or inhibited
        notified = not held and (end is None or end - at > 30 * SECOND) and not failed
        note = source.base_note
        if source.varying:
            note = self._note(source.labels, pick.random() * 100)
        rows.episode.append(
            (at, source.id, end, 0 if end is None else 1 + (pick.random() < 0.1), note,
             int(silenced), int(inhibited), int(notified), int(failed), peak, source.name_id,
             source.severity_id, source.namespace_id)
        )  # fmt: skip
        rows.episode_group.append((source.group_id, at, source.id))
        rows.episode_receiver.append((history_id("text", source.receiver), at, source.id))
        events = self._events
        events.append((at, 1, source.id, None, note, None))
        events.append((at + 1000, 6, source.id, source.group_id, None, None))
        if silenced:
            silence = pick.choice(silences)
            rows.episode_silence.append((rows.body(silence), at, source.id))
            cause = rows.body(json.dumps({"by": "silence", "silences": [silence]}))
            events.append((at + SECOND, 4, source.id, None, cause, None))
        elif inhibited:
            other = f"{source.id:016x}"
            cause = rows.body(json.dumps({"by": "inhibition", "rule": "0", "source": other}))
            events.append((at + SECOND, 4, source.id, None, cause, None))
        else:
            told = (source.id, at, 0, note)
            events.append((at + 30 * SECOND, 7, None, source.group_id, None, told))
            if failed:
                events.append((at + 30 * SECOND + 1, 9, None, source.group_id, None, source))
            if notified:
                events.append((at + 31 * SECOND, 8, None, source.group_id, None, source))
        if end is not None:
            events.append((end, 3, source.id, None, 1, None))

    def _number_events(self) -> None:
        rows = self.rows
        reason = rows.body("first notification")
        seq, flushes = 0, {}
        self._events.sort(key=lambda event: event[0])
        for at, kind, series, group, ref, payload in self._events:
            seq = max(seq + 1, at // 1000)
            if kind == 7:
                flushes[group] = seq
                rows.flush.append((seq, group, 1, 0, encode([payload])))
                ref = reason
            elif kind in (8, 9):
                good = kind == 8
                rows.delivery.append(
                    (seq, flushes[group], group, history_id("text", payload.receiver), "webhook",
                     0, "first notification", 1, int(good), int(not good),
                     "" if good else "serverError", 200 if good else 503,
                     int(self._random.expovariate(1 / 80_000)), "" if good else "503 unavailable",
                     "http://example.org/…", "{}", "")
                )  # fmt: skip
            rows.event.append((seq, at, kind, series, group, ref))
        self._events.clear()


def encode(alerts: list[tuple[int, int, int, int]]) -> bytes:
    """The alerts of a flush as the core writes them."""
    out = bytearray()
    last = (0, 0, 0, 0)
    for alert in alerts:
        for before, value in zip(last, alert, strict=True):
            step = value - before
            folded = step << 1 if step >= 0 else (-step << 1) - 1
            while folded >= 0x80:
                out.append(folded & 0x7F | 0x80)
                folded >>= 7
            out.append(folded)
        last = alert
    return bytes(out)


def days(rows: Rows) -> Iterator[tuple[int, int]]:
    """Bounds of the days that have events, in sequence numbers."""
    day = 24 * 3600 * 1_000_000
    first, last = rows.event[0][0] // day, rows.event[-1][0] // day
    for number in range(first, last + 1):
        yield number * day, (number + 1) * day
