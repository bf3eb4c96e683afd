"""The status of a running Alertmanager, which several commands show a part of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amp.cli.amtool.invocation import ToolError

if TYPE_CHECKING:
    from amp.cli.amtool.api import Api
    from amp.cli.amtool.invocation import Invocation


def status(invocation: Invocation, part: str) -> dict[str, Any]:
    """The whole status, in the shape `STATUS`.

    Args:
        invocation: whose flags say which Alertmanager.
        part: what will be shown of it.

    Raises:
        ToolError: when the part is not in it.
    """

    async def get(api: Api) -> dict[str, Any] | None:
        from amp.cli.amtool.api import STATUS

        found: dict[str, Any] | None = await api.call(STATUS)
        return found

    found = invocation.ask(get)
    if found is None or found[part] is None:
        raise ToolError(f"the answer has no {part}")
    return found
