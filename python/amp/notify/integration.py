"""One integration of one receiver, and one delivery on its way to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from amp.receivers.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from amp.model import Flush
    from amp.receivers.base import Notification


FIRST = "first notification"
"""The reason that starts a group's receiver data anew."""


@dataclass(frozen=True, slots=True)
class Integration:
    """A way to reach people, ready to send.

    Attributes:
        receiver: the receiver's name.
        kind: the integration's type (`webhook`), the metric's label.
        index: position among the receiver's integrations of this type.
        send: one attempt; raises SendError.
        secrets: what nobody may see of what is sent and answered.
    """

    receiver: str
    kind: str
    index: int
    send_resolved: bool
    send: Callable[[Notification], Awaitable[None]]
    secrets: Secrets = field(default_factory=Secrets)

    def __str__(self) -> str:
        return f"{self.kind}[{self.index}]"


@dataclass(slots=True)
class Delivery:
    """A flush that one integration must be told about, and why.

    Attributes:
        data: what the integration remembers of the group (message ids to edit); kept in the log.
    """

    flush: Flush
    reason: str
    data: dict[str, str | int | float] = field(default_factory=dict)


class DeliveryStage(Protocol):
    """A step after deduplication."""

    async def deliver(self, delivery: Delivery) -> None:
        """Passes the delivery on; an exception means that it failed."""
