"""`amtool silence query` (Upstream: cli/silence_query.go)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from amp.cli.amtool.silences_view import silences_text

if TYPE_CHECKING:
    from amp.cli.amtool.api import Api
    from amp.cli.amtool.invocation import Invocation
    from amp.cli.command_line.parse import Values


def query_silences(invocation: Invocation) -> None:
    """Shows the silences that fit: the server looks at matchers, the rest is looked at here."""
    values = invocation.values
    filters = invocation.with_alertname(values.texts("matcher-groups"))

    async def get(api: Api) -> list[dict[str, Any]]:
        from amp.cli.amtool.api import GET_SILENCES

        query = [("filter", text) for text in filters]
        return await api.call(GET_SILENCES, query=query) or []

    found = invocation.ask(get)
    now_ns = time.time_ns()
    silences = [silence for silence in found if _wanted(silence, values, now_ns)]
    if values.given("quiet"):
        invocation.write("".join(f"{silence['id']}\n" for silence in silences))
        return
    form, layout = values.text("output"), values.text("date.format")
    invocation.write(silences_text(silences, form, layout))


def _wanted(silence: dict[str, Any], values: Values, now_ns: int) -> bool:
    left_ns = silence["endsAt"].at_ns - now_ns
    within_ns = values.number("within") * 1e9
    if values.given("expired"):
        in_time = left_ns <= 0 and not 0 < within_ns < -left_ns
    else:
        in_time = left_ns >= 0 and not 0 < within_ns < left_ns
    author, silence_id = values.text("created-by"), values.text("id")
    return in_time and author in ("", silence["createdBy"]) and silence_id in ("", silence["id"])
