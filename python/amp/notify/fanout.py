"""Sends a flush to every integration of its receiver at once. Upstream: notify FanoutStage."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from amp.errors import AmpError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from amp.model import Flush, Stage


class FanOutFailed(AmpError):
    """One or more integrations failed; the text joins what they said."""


class FanOutStage:
    """Runs the integrations of the receiver concurrently; one failing does not stop the others.

    Args:
        integrations: the first stage of each integration, by receiver name.
    """

    __slots__ = ("_integrations",)

    def __init__(self, integrations: Mapping[str, Sequence[Stage]]) -> None:
        self._integrations = integrations

    async def run(self, flush: Flush) -> None:
        """Returns when all integrations are done.

        Raises:
            FanOutFailed: with the joined texts, when any failed.
        """
        stages = self._integrations.get(flush.batch.receiver, ())
        if len(stages) == 1:
            await stages[0].run(flush)
            return
        results = await asyncio.gather(
            *(stage.run(flush) for stage in stages), return_exceptions=True
        )
        failures = [result for result in results if isinstance(result, BaseException)]
        for failure in failures:
            if not isinstance(failure, Exception):
                raise failure
        if failures:
            raise FanOutFailed("\n".join(str(failure) for failure in failures))
