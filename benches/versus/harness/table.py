"""The rows of the README's table and their verdicts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from harness.result import Result, Sizes

_NONE = "-"


@dataclass(frozen=True)
class Row:
    """One figure, and how it is read."""

    name: str
    title: str
    show: Callable[[float], str]
    reach: float | None = None
    """The bound of the ratio AMP to Alertmanager; `None` only informs."""
    bound: Literal["most", "least", "absolute"] = "most"
    """Whether the ratio must be at most or at least the reach, or AMP's own figure at most."""


def rows(sizes: Sizes) -> list[Row]:
    """Returns the rows in the order of the table."""
    small, large = sizes.small, sizes.large
    posts = "CPU per alert, POSTs of 64, {:,} active"
    new = "CPU per new alert, POSTs of 64, {:,} of them"
    found = "GET with a filter that matches 0.5 %, {:,} active, p50"
    held = "memory, {:,} active"
    burst = f"{sizes.fanout:,} groups due at once"
    return [
        Row(f"cpu_per_alert_{small}", posts.format(small), _micro, 1 / 12),
        Row(f"cpu_per_alert_{large}", posts.format(large), _micro, 1 / 10),
        Row(f"cpu_per_new_alert_{small}", new.format(small), _micro),
        Row(f"cpu_per_new_alert_{large}", new.format(large), _micro),
        Row(f"cpu_per_alert_{small}_rate", "POSTs of 64 as fast as they go", _per_second("alerts")),
        Row(f"cpu_per_post_{small}", "CPU per POST of one alert", _micro, 1 / 2),
        Row("p99_post_of_1", "500 POSTs/s of 1 alert, p99", _milli, 1),
        Row("p99_post_of_20", "500 POSTs/s of 20 alerts, p99", _milli, 1),
        Row(f"get_all_{small}", f"GET all alerts, {small:,} active, p50", _milli, 1 / 25),
        Row(f"get_groups_{small}", f"GET groups, {small:,} active, p50", _milli, 1 / 25),
        Row(f"get_filter_{small}", found.format(small), _milli, 1 / 40),
        Row(f"get_filter_{large}", found.format(large), _milli, 1 / 200),
        Row("memory_idle", "memory idle, after one notification", _mebi, 1.5),
        Row(f"memory_{small}", held.format(small), _mebi, 1 / 3),
        Row(f"memory_{large}", held.format(large), _mebi, 1 / 4),
        Row("fanout_rate_firing", burst, _per_second("notifications"), 2.5, "least"),
        Row("fanout_cpu_firing", f"{burst}, CPU each", _micro, 1 / 2.5),
        Row(
            "fanout_rate_resolved", f"{burst}, resolved", _per_second("notifications"), 2.5, "least"
        ),
        Row("fanout_cpu_resolved", f"{burst}, resolved, CPU each", _micro, 1 / 2.5),
        *(
            row
            for shape, name in (("slack", "Slack"), ("pagerduty", "PagerDuty"))
            for row in (
                Row(f"{shape}_rate_firing", f"{burst}, {name}", _per_second("notifications")),
                Row(f"{shape}_cpu_firing", f"{burst}, {name}, CPU each", _micro),
                Row(
                    f"{shape}_time",
                    f"{burst}, {name}, time against the webhook's",
                    _times,
                    1.5,
                    "absolute",
                ),
            )
        ),
        Row("start", "start to ready", _milli, 0.4, "absolute"),
        Row(
            "growth",
            f"CPU per alert, {min(sizes.growth):,} to {max(sizes.growth):,} active: growth",
            _times,
            1.5,
            "absolute",
        ),
        Row("soak_slope", "soak, memory slope", _slope),
        Row("soak_memory", "soak, memory at the end", _mebi),
        Row("soak_cpu", "soak, CPU", _share),
    ]


def markdown(rows: list[Row], reference: Result | None, amp: Result | None, version: str) -> str:
    """Returns the table; rows that nobody measured are left out."""
    lines = [
        f"| figure | {f'Alertmanager {version}'.strip()} | AMP | ratio | reach | verdict |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        old = reference.figures.get(row.name) if reference else None
        new = amp.figures.get(row.name) if amp else None
        if old is None and new is None:
            continue
        cells = [
            row.title,
            _NONE if old is None else row.show(old),
            _NONE if new is None else row.show(new),
            _ratio(new / old) if old and new and new / old > 0 else _NONE,
            _reach(row),
            verdict(row, old, new),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def verdict(row: Row, old: float | None, new: float | None) -> str:
    """Returns `ok`, or `missed` and by what factor, or nothing where nothing is judged."""
    if row.reach is None or new is None:
        return ""
    if row.bound == "absolute":
        excess = new / row.reach
    elif not old or not new:
        return ""
    else:
        excess = new / old / row.reach if row.bound == "most" else row.reach / (new / old)
    return "ok" if excess <= 1 else f"missed by {excess:.2f}"


def _reach(row: Row) -> str:
    if row.reach is None:
        return ""
    if row.bound == "absolute":
        return f"≤ {row.show(row.reach)}"
    return f"{'≤' if row.bound == 'most' else '≥'} {_ratio(row.reach)}"


def _ratio(ratio: float) -> str:
    return f"1/{1 / ratio:.3g}" if ratio < 1 else f"{ratio:.3g}"


def _micro(seconds: float) -> str:
    return f"{seconds * 1e6:.3g} µs" if seconds < 1e-4 else f"{seconds * 1e6:.0f} µs"


def _milli(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms" if seconds < 1e-1 else f"{seconds * 1e3:.0f} ms"


def _mebi(size_bytes: float) -> str:
    return f"{size_bytes / 2**20:.0f} MiB"


def _times(ratio: float) -> str:
    return f"{ratio:.2f}"


def _slope(bytes_per_hour: float) -> str:
    return f"{bytes_per_hour / 2**20:+.1f} MiB/h"


def _share(cores: float) -> str:
    return f"{cores:.1%} of a core"


def _per_second(noun: str) -> Callable[[float], str]:
    return lambda rate: f"{rate:,.0f} {noun}/s"
