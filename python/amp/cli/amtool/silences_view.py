"""Silences as people and programs see them.

Upstream: cli/format, FormatSilences of its three formatters.
"""

from __future__ import annotations

from typing import Any

from amp._core import Matcher
from amp.cli.amtool.json_text import encode
from amp.cli.amtool.moment import shown
from amp.cli.amtool.table import aligned


def silences_text(silences: list[dict[str, Any]], form: str, layout: str) -> str:
    """Silences by their ends: a table, or JSON in the order given.

    Args:
        silences: in the shape `SILENCES`.
        form: `simple`, `extended` or `json`.
        layout: of dates, as Go has it.
    """
    if form == "json":
        return f"{encode(silences)}\n"
    ordered = sorted(silences, key=lambda silence: silence["endsAt"].at_ns)
    dates = {
        key: shown([silence[key] for silence in ordered], layout)
        for key in (("endsAt",) if form == "simple" else ("startsAt", "endsAt", "updatedAt"))
    }
    rows = ["ID\tMatchers\tEnds At\tCreated By\tComment\t\n"]
    if form == "extended":
        rows = ["ID\tMatchers\tStarts At\tEnds At\tUpdated At\tCreated By\tComment\t\n"]
    for index, silence in enumerate(ordered):
        matchers = [_matcher(matcher) for matcher in silence["matchers"] or ()]
        text = " ".join(matchers) if form == "simple" else f"{{{','.join(matchers)}}}"
        instants = "\t".join(column[index] for column in dates.values())
        author, comment = silence["createdBy"], silence["comment"]
        rows.append(f"{silence['id']}\t{text}\t{instants}\t{author}\t{comment}\t\n")
    return aligned("".join(rows))


def _matcher(matcher: dict[str, Any]) -> str:
    """A matcher as a text; servers older than `isEqual` leave it out."""
    equal = matcher.get("isEqual", True)
    pattern = matcher["isRegex"]
    op = ("=~" if equal else "!~") if pattern else ("=" if equal else "!=")
    return str(Matcher(matcher["name"], op, matcher["value"]))
