"""Random stories of episodes in a history store, and a plain model that answers in memory."""

from __future__ import annotations

import json
import math
import random
import re
from dataclasses import dataclass, field
from fnmatch import translate
from typing import TYPE_CHECKING, Any

from amp._core import fingerprint, history_id, history_words
from amp.clock import SECOND_NS

if TYPE_CHECKING:
    from amp.query.question import Question
    from ledger_rows import KeptHistory

START_NS = 1_767_225_600 * SECOND_NS
"""2026-01-01T00:00:00Z."""
HOUR_NS = 3600 * SECOND_NS

NAMES = ("DiskFull", "NodeDown", "ApiSlow", "", "Disk*?")
SEVERITIES = ("critical", "warning", "")
NAMESPACES = ("one", "two", "")
TEAMS = ("db", "web", "")
RECEIVERS = ("pager", "mail")
GROUP_KEYS = ("{}:{a}", "{}:{b}", "{}:{c}")
SILENCES = ("silence-1", "silence-2")
SUMMARIES = ("The disk is full", "Größe zu groß", "node-7 down: 93%", "")
URLS = ("http://one/graph?a=b", "http://two/", "")


@dataclass
class Told:
    """One episode of the model."""

    series: int
    labels: dict[str, str]
    note: tuple[str, str]
    start: int
    end: int | None
    ended_by: int
    flags: dict[str, bool]
    flap: float
    groups: set[tuple[str, str]]
    silences: set[str]

    @property
    def key(self) -> tuple[str, int]:
        """What tells episodes apart in answers."""
        return (fingerprint(self.labels), self.start)

    def length(self, now_ns: int) -> int:
        """How long it lasted until now."""
        return (now_ns if self.end is None else self.end) - self.start


@dataclass
class Story:
    """All episodes."""

    now_ns: int
    episodes: list[Told] = field(default_factory=list)

    def within(self, from_ns: int | None, to_ns: int | None) -> list[Told]:
        """Episodes that had not ended before, and started before."""
        return [
            one
            for one in self.episodes
            if (to_ns is None or one.start < to_ns)
            and (from_ns is None or one.end is None or one.end >= from_ns)
        ]


def story(seed: int, series: int = 14) -> Story:
    """Series with episodes that do not overlap, some at the same instants, over four days."""
    chance = random.Random(seed)
    now_ns = START_NS + 96 * HOUR_NS
    made = Story(now_ns)
    for number in range(1, series + 1):
        labels = {
            "alertname": chance.choice(NAMES), "severity": chance.choice(SEVERITIES),
            "namespace": chance.choice(NAMESPACES), "team": chance.choice(TEAMS),
            "instance": str(number),
        }  # fmt: skip
        labels = {name: value for name, value in labels.items() if value}
        at = START_NS + chance.randrange(0, 8) * HOUR_NS
        rate, last = 0.0, 0
        for _ in range(chance.randrange(1, 9)):
            length = chance.choice(
                (0, 60, 60, 600, 3600, 4 * 3600, 9 * 3600, 30 * 3600, 80 * 3600)
            ) * SECOND_NS  # fmt: skip
            end: int | None = at + length
            if at >= now_ns:
                break
            if end is not None and end >= now_ns:
                end = None
            peak = 0.0
            for moment in (at, end):
                if moment is not None:
                    decay = 0.5 ** ((moment - last) / HOUR_NS) if last else 0.0
                    rate, last = rate * decay + math.log(2), moment
                    peak = max(peak, rate * chance.choice((1, 5)))
            receivers = chance.sample(RECEIVERS, chance.randrange(0, 3))
            made.episodes.append(
                Told(
                    number, labels, (chance.choice(SUMMARIES), chance.choice(URLS)), at, end,
                    0 if end is None else chance.randrange(1, 4),
                    {
                        name: chance.random() < 0.4
                        for name in ("silenced", "inhibited", "notified", "failed")
                    },
                    peak,
                    {(chance.choice(GROUP_KEYS), receiver) for receiver in receivers},
                    set(chance.sample(SILENCES, chance.randrange(0, 3))),
                )
            )  # fmt: skip
            if end is None:
                break
            at = end + chance.choice((0, 60, 3600, 7200)) * SECOND_NS + 1
    return made


def write(made: Story, history: KeptHistory, *, postgres: bool) -> None:
    """Writes the story's rows as AMP's writer does."""
    rows: dict[str, dict[Any, tuple[Any, ...]]] = {
        name: {}
        for name in (
            "series", "label", "series_label", "note", "note_words", "episode", "route_group",
            "episode_group", "episode_receiver", "episode_silence", "text",
        )
    }  # fmt: skip
    for one in made.episodes:
        ids = {name: history_id("label", name, value) for name, value in one.labels.items()}
        for name, id in ids.items():
            rows["label"][id] = (id, name, one.labels[name])
            rows["series_label"][id, one.series] = (id, one.series)
        columns = tuple(ids.get(name, 0) for name in ("alertname", "severity", "namespace"))
        number = int(fingerprint(one.labels), 16)
        signed = number - (1 << 64) if number >= 1 << 63 else number
        fires = sum(other.series == one.series for other in made.episodes)
        rows["series"][one.series] = (
            one.series, signed, json.dumps(one.labels), *columns,
            one.start if one.end is None else None, one.end or one.start, one.flap, fires,
        )  # fmt: skip
        note_id = history_id("note", *one.note, one.labels.get("alertname", "")) >> 20
        summary, url = one.note
        annotations = json.dumps({"summary": summary, "x": "secret"} if summary else {})
        words = " ".join(history_words(f"{one.labels.get('alertname', '')} {summary}"))
        body: Any = words
        if postgres:
            body = " ".join(f"'{word}'" for word in words.split())
        rows["note"][note_id] = (
            note_id, note_id, one.labels.get("alertname", ""), annotations, url,
            history_id("url", url), body,
        )  # fmt: skip
        rows["note_words"][note_id] = (note_id, words)
        rows["episode"][one.start, one.series] = (
            one.start, one.series, one.end, one.ended_by, note_id,
            *(int(one.flags[name]) for name in ("silenced", "inhibited", "notified", "failed")),
            one.flap, *columns,
        )  # fmt: skip
        for key, receiver in one.groups:
            group = history_id("group", key, receiver)
            rows["route_group"][group] = (group, key, receiver, "{}")
            rows["episode_group"][group, one.start, one.series] = (group, one.start, one.series)
            id = history_id("text", receiver)
            rows["text"][id] = (id, receiver)
            rows["episode_receiver"][id, one.start, one.series] = (id, one.start, one.series)
        for silence in one.silences:
            id = history_id("text", silence)
            rows["text"][id] = (id, silence)
            rows["episode_silence"][id, one.start, one.series] = (id, one.start, one.series)
    for table, found in rows.items():
        if table == "note_words":
            if not postgres:
                history.insert("note_words (rowid, words)", found.values())
            continue
        history.insert(table, found.values())


def expected(made: Story, asked: Question) -> list[Told]:
    """What a plain look at everything finds, in order."""
    found = [one for one in made.within(asked.from_ns, asked.to_ns) if passes(made, asked, one)]

    def key(one: Told) -> tuple[int, int, int]:
        value = one.start
        if asked.sort == "ends_at":
            value = (1 << 63) - 1 if one.end is None else one.end
        elif asked.sort == "duration":
            value = one.length(made.now_ns)
        return (value, one.start, one.series)

    return sorted(found, key=key, reverse=asked.descending)


def passes(made: Story, asked: Question, one: Told) -> bool:
    """Whether every filter holds."""
    length = one.length(made.now_ns)
    status = "firing" if one.end is None else "resolved"
    pending = not one.flags["notified"] and not one.flags["failed"]
    delivery = {
        "delivered": one.flags["notified"], "failed": one.flags["failed"], "pending": pending
    }  # fmt: skip
    words = history_words(f"{one.labels.get('alertname', '')} {one.note[0]}")
    number = int(fingerprint(one.labels), 16)
    signed = number - (1 << 64) if number >= 1 << 63 else number
    name = one.labels.get("alertname", "")
    return (
        not asked.nothing
        and (asked.statuses is None or status in asked.statuses)
        and all(one.labels.get(label, "") in values for label, values in asked.labels)
        and all(matcher.matches(one.labels.get(matcher.name, "")) for matcher in asked.matchers)
        and (not asked.patterns or any(_glob(pattern, name) for pattern in asked.patterns))
        and (asked.fingerprints is None or signed in asked.fingerprints)
        and all(any(word.startswith(wanted) for word in words) for wanted in asked.words)
        and (not asked.generator_urls or one.note[1] in asked.generator_urls)
        and (asked.min_duration_ns is None or length >= asked.min_duration_ns)
        and (asked.max_duration_ns is None or length <= asked.max_duration_ns)
        and (not asked.receivers or bool({name for _, name in one.groups} & set(asked.receivers)))
        and (not asked.group_keys or bool({key for key, _ in one.groups} & set(asked.group_keys)))
        and (not asked.silence_ids or bool(one.silences & set(asked.silence_ids)))
        and (asked.delivery is None or any(delivery[word] for word in asked.delivery))
        and (asked.silenced is None or one.flags["silenced"] == asked.silenced)
        and (asked.inhibited is None or one.flags["inhibited"] == asked.inhibited)
        and (asked.flapping is None or (one.flap >= 4) == asked.flapping)
    )


def _glob(pattern: str, text: str) -> bool:
    return re.fullmatch(translate(pattern.replace("[", "[[]")), text) is not None
