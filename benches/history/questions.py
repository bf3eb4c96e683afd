"""Random questions of each class, drawn from what the store has."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from generate import NAMES, RECEIVERS, TEAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Given = list[tuple[str, str]]

INDEXED = 6.5
PATIENT = 50.0
SUMS = 300.0
ONCE = ("search", "is_flapping", "min_duration", "silenced", "inhibited", "from", "to")


class Questions:
    """Makes questions.

    Args:
        fingerprints: some that the store has; likewise the others.
    """

    def __init__(
        self,
        seed: int,
        *,
        fingerprints: Sequence[str],
        instances: Sequence[str],
        group_keys: Sequence[str],
        silences: Sequence[str],
        urls: Sequence[str],
    ) -> None:
        self._pick = random.Random(seed)
        self._fingerprints = fingerprints
        self._instances = instances
        self._group_keys = group_keys
        self._silences = silences
        self._urls = urls

    def classes(self) -> dict[str, tuple[float, Callable[[], str]]]:
        """By name, the target in milliseconds and what makes a path."""
        filters = self._filters()
        searching = self._searching()
        found = {
            name: (INDEXED, lambda make=make: self._history(make()))
            for name, make in filters.items()
        }
        found |= {
            name: (PATIENT, lambda make=make: self._history(make()))
            for name, make in searching.items()
        }
        every = filters | searching
        found["any three"] = (PATIENT, lambda: self._history(self._several(every, 3)))
        found["any three, sorted"] = (
            PATIENT, lambda: self._history(self._several(every, 3) + self._sorted())
        )  # fmt: skip
        for name in ("history/top", "history/flapping", "report"):
            found[f"/{name}, 7 days"] = (SUMS, lambda name=name: self._week(name))
        return found

    def _several(self, every: dict[str, Callable[[], Given]], count: int) -> Given:
        given: Given = []
        for name in self._pick.sample(sorted(every), count):
            taken = {key for key, _ in given}
            given += [
                (key, value)
                for key, value in every[name]()
                if key not in taken or key not in (*ONCE, "sort", "order", "status", "max_duration")
            ]
        keys = {key for key, _ in given}
        if {"min_duration", "max_duration"} <= keys:
            given = [(key, value) for key, value in given if key != "max_duration"]
        return [(key, value) for key, value in given if key not in ("sort", "order")]

    def _sorted(self) -> Given:
        return [
            ("sort", self._pick.choice(["ends_at", "duration"])),
            ("order", self._pick.choice(["asc", "desc"])),
        ]

    def _history(self, given: Given) -> str:
        return f"/history?{urlencode(given)}"

    def _week(self, name: str) -> str:
        end = time.time() - self._pick.random() * 22 * 86400
        given = {"from": str(int(end - 7 * 86400)), "to": str(int(end))}
        return f"/{name}?{urlencode(given)}"

    def _window(self) -> Given:
        hours = self._pick.choice([1, 6, 24, 168])
        end = time.time() - self._pick.random() * 29 * 86400
        return [("from", str(int(end - hours * 3600))), ("to", str(int(end)))]

    def _filters(self) -> dict[str, Callable[[], Given]]:
        pick = self._pick
        return {
            "no filter": list,
            "severity": lambda: [("severity", pick.choice(["critical", "warning", "info"]))],
            "two severities": lambda: [("severity", "critical"), ("severity", "info")],
            "namespace": lambda: [("namespace", f"space-{pick.randrange(50)}")],
            "alert_name": lambda: [("alert_name", pick.choice(NAMES[:120]))],
            "fingerprint": lambda: [("fingerprint", pick.choice(self._fingerprints))],
            "label[team]": lambda: [("label[team]", pick.choice(TEAMS))],
            "label[service]": lambda: [("label[service]", f"service-{pick.randrange(300)}")],
            "label[instance]": lambda: [("label[instance]", pick.choice(self._instances))],
            "filter a=b": lambda: [("filter", f'service="service-{pick.randrange(300)}"')],
            "from, to": self._window,
            "status": lambda: [("status", pick.choice(["firing", "resolved"]))],
            "receiver": lambda: [("receiver", pick.choice(RECEIVERS))],
            "group_key": lambda: [("group_key", pick.choice(self._group_keys))],
            "silence_id": lambda: [("silence_id", pick.choice(self._silences))],
            "silenced": lambda: [("silenced", pick.choice(["true", "false"]))],
            "inhibited": lambda: [("inhibited", pick.choice(["true", "false"]))],
            "delivery_status": lambda: [
                ("delivery_status", pick.choice(["delivered", "failed", "pending"]))
            ],
            "generator_url": lambda: [("generator_url", pick.choice(self._urls))],
            "min_duration": lambda: [("min_duration", pick.choice(["10m", "1h", "6h", "1d"]))],
            "max_duration": lambda: [("max_duration", pick.choice(["1m", "5m", "1h"]))],
            "sort": self._sorted,
        }

    def _searching(self) -> dict[str, Callable[[], Given]]:
        pick = self._pick
        words = (
            "disk", "node down", "trouble", "percent", "queue sat", "10 7", "space", "runbook",
            "kube throttled", "service 1", "cache", "network missing", "value is",
        )  # fmt: skip
        patterns = (
            'instance=~"10.1{n}.*"', 'service=~"service-{n}.*"', 'alertname=~".*Down.*"',
            'pod!~"service-{n}.*"', 'severity!="info"', 'team=~"team-1|team-{n}"',
            'namespace=~"space-.*"', 'alertname!~"Node.*"', 'pod=~".*-{n}a.*"',
        )  # fmt: skip
        globs = ("Node*", "*Down", "*S?turated*", "*", "Disk???????", "Api*Soon")
        return {
            "search": lambda: [("search", pick.choice(words))],
            "regex": lambda: [
                ("filter", pick.choice(patterns).replace("{n}", str(pick.randrange(10))))
            ],
            "glob": lambda: [("alert_name_pattern", pick.choice(globs))],
            "is_flapping": lambda: [("is_flapping", pick.choice(["true", "false"]))],
        }
