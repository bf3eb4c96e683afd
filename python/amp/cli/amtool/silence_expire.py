"""`amtool silence expire` (Upstream: cli/silence_expire.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.cli.amtool.invocation import ToolError

if TYPE_CHECKING:
    from amp.cli.amtool.api import Api
    from amp.cli.amtool.invocation import Invocation


def expire_silences(invocation: Invocation) -> None:
    """Ends silences one after another, until one cannot be ended."""
    ids = invocation.values.texts("silence-ids")
    if not ids:
        raise ToolError("no silence IDs specified")

    async def delete(api: Api) -> None:
        from amp.cli.amtool.api import DELETE_SILENCE

        for silence_id in ids:
            await api.call(DELETE_SILENCE, silence_id=silence_id)

    invocation.ask(delete)
