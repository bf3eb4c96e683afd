"""Integrations that a configuration names but that AMP cannot deliver yet: they fail visibly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.errors import SendError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from amp.receivers.base import Notification


def unbuilt(kind: str) -> Callable[[Notification], Awaitable[None]]:
    """A `send` that refuses for good and says why."""

    async def send(notification: Notification) -> None:
        raise SendError(f"the {kind} integration is not built yet: nothing was sent")

    return send
