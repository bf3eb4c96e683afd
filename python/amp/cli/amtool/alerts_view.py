"""Alerts as people and programs see them.

Upstream: cli/format, FormatAlerts of its three formatters.
"""

from __future__ import annotations

from typing import Any

from amp.cli.amtool.json_text import encode
from amp.cli.amtool.moment import shown
from amp.cli.amtool.table import aligned


def alerts_text(alerts: list[dict[str, Any]], form: str, layout: str) -> str:
    """Alerts by their starts: a table, or JSON in the order of the server.

    Args:
        alerts: in the shape `ALERTS`.
        form: `simple`, `extended` or `json`.
        layout: of dates, as Go has it.
    """
    if form == "json":
        return f"{encode(alerts)}\n"
    ordered = sorted(alerts, key=lambda alert: alert["startsAt"].at_ns)
    starts = shown([alert["startsAt"] for alert in ordered], layout)
    if form == "simple":
        rows = [_simple(alert, start) for alert, start in zip(ordered, starts, strict=True)]
        return aligned("".join(["Alertname\tStarts At\tSummary\tState\t\n", *rows]))
    ends = shown([alert["endsAt"] for alert in ordered], layout)
    rows = [_extended(*row) for row in zip(ordered, starts, ends, strict=True)]
    head = "Labels\tAnnotations\tStarts At\tEnds At\tGenerator URL\tState\t\n"
    return aligned("".join([head, *rows]))


def _simple(alert: dict[str, Any], start: str) -> str:
    name = (alert["labels"] or {}).get("alertname", "")
    summary = (alert["annotations"] or {}).get("summary", "")
    return f"{name}\t{start}\t{summary}\t{alert['status']['state']}\t\n"


def _extended(alert: dict[str, Any], start: str, end: str) -> str:
    return (
        f"{_pairs(alert['labels'])}\t{_pairs(alert['annotations'])}\t{start}\t{end}"
        f"\t{alert.get('generatorURL', '')}\t{alert['status']['state']}\t\n"
    )


def _pairs(texts: dict[str, str] | None) -> str:
    """Names and texts; quotes within the texts stay bare, as upstream leaves them."""
    return " ".join(sorted(f'{name}="{text}"' for name, text in (texts or {}).items()))
