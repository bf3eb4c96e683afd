"""What is measured: each method starts a server, loads it and notes figures and failed checks."""

import math
import statistics
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from harness import configuration
from harness.generator import Generator, Load, Query, Sink
from harness.result import QUICK, Result, Sizes
from harness.server import Server
from harness.stage import SETTLE_SECONDS, Stage

SCENARIOS = (
    "start",
    "idle",
    "posts",
    "memory",
    "latency",
    "gets",
    "fanout",
    "slack",
    "pagerduty",
    "growth",
)
"""What a whole run measures; `soak` is asked for by name."""

_GROUP_INTERVAL_SECONDS = 300
_SOAK_RATE = 10_000


class Bench:
    """Measures one command."""

    def __init__(
        self,
        command: Sequence[str],
        generator: Generator,
        sizes: Sizes,
        work: Path,
        say: Callable[[str], None],
    ) -> None:
        self.result = Result()
        self._command = command
        self._generator = generator
        self.sizes = sizes
        self._work = work
        self._say = say

    def start(self) -> None:
        """Start to ready, on a fresh folder."""
        samples = []
        for _ in range(self.sizes.starts):
            with self._server(9, 1) as server:
                samples.append(server.ready_seconds)
        self.result.note("start", samples)
        self.result.figures["start"] = statistics.median(samples)

    def idle(self) -> None:
        """Memory after one notification."""
        with self._generator.sink() as sink, self._server(sink.port, 1) as server:
            self.send("idle", Load(server.address, 1, 1, starts_at=int(time.time()), alerts=1))
            self.result.require(sink.wait(1, 30), "idle: no notification came")
            time.sleep(2)
            self._check_sink("idle", sink, groups=1, alerts=1)
            self.result.figures["memory_idle"] = server.memory_bytes()

    def stage(self, active: int, steps: Collection[str]) -> None:
        """Everything that is measured with `active` alerts.

        The group_wait is long enough for all of them to be there when the groups are due; the
        measuring begins when all notifications are out.
        """
        group_wait = max(2 if active <= QUICK.large else 6, active // 4000)
        with self._generator.sink() as sink, self._server(sink.port, group_wait) as server:
            stage = Stage(self, server, active)
            stage.send_new()
            groups = configuration.groups(active)
            came = sink.wait(groups, group_wait + 120)
            self.result.require(came, f"{active} active: not all {groups} groups were notified")
            time.sleep(SETTLE_SECONDS)
            self._check_sink(f"{active} active", sink, groups=groups, alerts=active)
            stage.send_again()
            if "memory" in steps:
                self.result.figures[f"memory_{active}"] = server.memory_bytes()
            small = active == self.sizes.small
            if "posts" in steps and small:
                stage.send_one()
            if "latency" in steps and small:
                stage.latency(1)
                stage.latency(20)
            if "gets" in steps:
                stage.gets(whole=small)

    def fanout(self, shape: str = "webhook") -> None:
        """Many groups due at once to one receiver, first firing and then resolved."""
        count = self.sizes.fanout
        name = "fanout" if shape == "webhook" else shape
        with (
            self._generator.sink() as sink,
            self._server(
                sink.port,
                self.sizes.fanout_wait_seconds,
                self.sizes.fanout_interval_seconds,
                shape,
            ) as server,
        ):
            starts_at = int(time.time())
            for wave, lifetime in (("firing", 240), ("resolved", 0)):
                sink.reset()
                plan = Load(
                    server.address,
                    count,
                    64,
                    starts_at=starts_at,
                    alerts=count,
                    lifetime_seconds=lifetime,
                    unrouted=True,
                )
                self.send(f"{name}_{wave}", plan)
                time.sleep(SETTLE_SECONDS)
                self.result.require(
                    sink.count() == 0, f"{name} {wave}: a group was due before the measurement"
                )
                before = server.cpu_seconds()
                came = sink.wait(count, 60)
                time.sleep(SETTLE_SECONDS)
                cpu = server.cpu_seconds() - before
                self.result.require(came, f"{name} {wave}: notifications are missing")
                report = self._check_sink(f"{name} {wave}", sink, groups=count, alerts=count)
                self.result.require(
                    report["notifications"] == report[wave] == count,
                    f"{name} {wave}: {report['notifications']} notifications instead of {count}",
                )
                seconds = (report["last_at_ns"] - report["first_at_ns"]) / 1e9
                self.result.note(f"{name}_{wave}", {"cpu_seconds": cpu, "seconds": seconds})
                self._mean(f"{name}_rate_{wave}", count / max(seconds, 1e-6))
                self._mean(f"{name}_cpu_{wave}", cpu / count)
                self._mean(f"{name}_memory_{wave}", server.pss_bytes())

    def soak(self, seconds: float) -> None:
        """A steady load, with the slope of the memory over the second half."""
        active = self.sizes.small
        samples: list[tuple[float, int]] = []
        with self._generator.sink() as sink, self._server(sink.port, 10) as server:
            stage = Stage(self, server, active)
            stage.send_new()
            begin = time.monotonic()
            before = server.cpu_seconds()
            while (left := seconds - (time.monotonic() - begin)) > 0:
                report = stage.send_at(_SOAK_RATE / 64, 64, min(left, 10.0))
                samples.append((time.monotonic() - begin, server.pss_bytes()))
                p99 = report["latency"]["p99_us"] / 1000
                self._say(f"  {samples[-1][0]:.0f} s, {_mib(samples[-1][1])}, p99 {p99:.1f} ms")
            cpu = server.cpu_seconds() - before
            self._check_sink("soak", sink, groups=configuration.groups(active), alerts=active)
        self.result.note("soak", {"memory": samples, "cpu_seconds": cpu})
        self.result.figures["soak_slope"] = _slope(samples[len(samples) // 2 :]) * 3600
        self.result.figures["soak_memory"] = samples[-1][1]
        self.result.figures["soak_cpu"] = cpu / seconds

    def _server(
        self,
        sink_port: int,
        group_wait: int,
        group_interval: int = _GROUP_INTERVAL_SECONDS,
        shape: str = "webhook",
    ) -> Server:
        text = configuration.text(sink_port, group_wait, group_interval, shape)
        return Server(self._command, self._work, text)

    def send(self, name: str, plan: Load) -> dict[str, Any]:
        """Sends alerts; an error is a failed check."""
        report = self._generator.load(plan)
        self.result.note(name, report)
        errors = report["errors"]
        self.result.require(errors == 0, f"{name}: {errors} errors: {report['first_error']}")
        return report

    def ask(self, name: str, plan: Query) -> dict[str, Any]:
        """Asks for alerts; an answer that is wrong or behind the last POST is a failed check."""
        report = self._generator.query(plan)
        self.result.note(name, report)
        for kind in ("wrong", "stale", "change_errors"):
            count = report[kind]
            self.result.require(
                count == 0,
                f"{name}: {count} {kind} of {report['answers']}: {report['first_error']}",
            )
        changes = report["changes"] / report["seconds"] / plan.rate
        self.result.require(changes > 0.8, f"{name}: only {changes:.0%} of the changes got through")
        return report

    def _check_sink(self, name: str, sink: Sink, *, groups: int, alerts: int) -> dict[str, Any]:
        report = sink.report()
        self.result.note("sink", {"of": name, **report})
        for kind in ("bad", "repeated"):
            self.result.require(
                report[kind] == 0, f"{name}: {report[kind]} {kind}: {report['complaints']}"
            )
        for kind, expected in (("groups", groups), ("alerts", alerts)):
            self.result.require(
                report[kind] == expected, f"{name}: {report[kind]} {kind} instead of {expected}"
            )
        return report

    def _mean(self, name: str, value: float) -> None:
        """Notes one of several measurements; the figure is their mean."""
        self.result.note(name, value)
        self.result.figures[name] = statistics.fmean(self.result.raw[name])


def _slope(samples: Sequence[tuple[float, int]]) -> float:
    """Returns the slope of the line nearest to the samples."""
    if len(samples) < 2:
        return math.nan
    return statistics.linear_regression(*zip(*samples, strict=True)).slope


def _mib(size_bytes: float) -> str:
    return f"{size_bytes / 2**20:.1f} MiB"
