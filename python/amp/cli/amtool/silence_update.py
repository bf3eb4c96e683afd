"""`amtool silence update` (Upstream: cli/silence_update.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amp.cli.amtool.given_time import given_time
from amp.cli.amtool.invocation import ToolError
from amp.cli.amtool.model import POSTABLE_SILENCE
from amp.cli.amtool.silence_times import after, check_order
from amp.cli.amtool.silences_view import silences_text

if TYPE_CHECKING:
    from amp.cli.amtool.api import Api
    from amp.cli.amtool.invocation import Invocation
    from amp.cli.command_line.parse import Values


def update_silences(invocation: Invocation) -> None:
    """Changes silences one after another, until one cannot be changed; shows what they are now."""
    values = invocation.values
    ids = values.texts("update-ids")
    if not ids:
        raise ToolError("no silence IDs specified")

    async def update(api: Api) -> list[dict[str, Any]]:
        return [await _update(api, silence_id, values) for silence_id in ids]

    silences = invocation.ask(update)
    if values.given("quiet"):
        # Upstream shows an address in its memory here.
        invocation.write("".join(f"{silence['id']}\n" for silence in silences))
        return
    form, layout = values.text("output"), values.text("date.format")
    invocation.write(silences_text(silences, form, layout))


async def _update(api: Api, silence_id: str, values: Values) -> dict[str, Any]:
    from amp.cli.amtool.api import GET_SILENCE, POST_SILENCES

    silence: dict[str, Any] | None = await api.call(GET_SILENCE, silence_id=silence_id)
    if silence is None:
        raise ToolError("the answer has no silence")
    if values.text("start"):
        silence["startsAt"] = given_time(values.text("start"))
    if values.text("end"):
        silence["endsAt"] = given_time(values.text("end"))
    elif values.text("duration"):
        silence["endsAt"] = after(silence["startsAt"], values.text("duration"))
    check_order(silence["startsAt"], silence["endsAt"])
    if values.text("comment"):
        silence["comment"] = values.text("comment")
    posted = await api.call(POST_SILENCES, body=POSTABLE_SILENCE.keep(silence))
    silence["id"] = (posted or {}).get("silenceID", "")
    return silence
