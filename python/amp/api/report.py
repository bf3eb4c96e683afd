"""`/report`: a window's alerts, flappers, receivers and silences in one answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from amp.api.answer import Refusal, go_json, own_error
from amp.api.history import window_of
from amp.errors import StoreUnavailable
from amp.query.filters import Parameters, question
from amp.query.instant import rfc3339
from amp.query.question import BadParameterError
from amp.query.ranking import flapping, top
from amp.query.report import receivers, silences, summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from amp.api.answer import Answer
    from amp.api.memory import Memory
    from amp.api.request import Request
    from amp.history.base import Reader
    from amp.running import Running

PATHS = ("/report", "/api/amp/v1/report")
FILTERS = frozenset(("from", "to", "namespace", "severity", "top_limit", "min_flap_count"))
MOST_FIRES = 1_000_000
LEAST_SCORE = 0.5


class ReportApi:
    """Makes the parts beside each other; one that fails does not take the others along."""

    def __init__(self, running: Running, memory: Memory) -> None:
        self._running = running
        self._memory = memory

    async def get(self, request: Request) -> Answer:
        """The report, of the last seven days by default."""
        now_ns = self._running.clock.now_ns()
        try:
            parameters = Parameters(request.parameters(), FILTERS, labels=False)
            asked = question(parameters.without("from", "to"), self._running.matcher_mode)
            window = window_of(parameters, now_ns)
            limit = parameters.whole("top_limit", 1, 100, 10)
            least = parameters.whole("min_flap_count", 1, MOST_FIRES, 3)
        except BadParameterError as error:
            return own_error(400, str(error), error.parameter)
        parts: dict[str, Callable[[Reader], Any]] = {
            "summary": lambda reader: summary(reader, asked, window, now_ns),
            "top": lambda reader: top(reader, asked, window, now_ns, by_name=False, limit=limit),
            "flapping": lambda reader: flapping(
                reader, asked, window, now_ns,
                min_score=LEAST_SCORE, min_fires=least, limit=limit,
            ),
            "receivers": lambda reader: receivers(reader, window),
            "silences": lambda reader: silences(reader, asked, window, now_ns, limit),
        }  # fmt: skip

        found: list[Any] = []

        async def made() -> bytes:
            found.extend(await asyncio.gather(*map(self._part, parts.values())))
            bounds = {"from": rfc3339(window.from_ns), "to": rfc3339(window.to_ns)}
            return go_json({**bounds, **dict(zip(parts, found, strict=True))})[:-1]

        given = f"{parameters.many('from')} {parameters.many('to')}"
        key = f"report {limit} {least} {given} {asked.key()}"

        def good() -> bool:
            return not any(isinstance(part, _Failed) for part in found)

        return self._memory.sent(await self._memory.kept(request, key, made, good))

    async def _part(self, part: Callable[[Reader], Any]) -> Any:
        try:
            return await self._memory.history().read(part)
        except StoreUnavailable as error:
            return _Failed(error=f"the history cannot be read: {error}")
        except Refusal:
            raise
        except Exception as error:  # noqa: BLE001  # the edge of a part: the others are answered
            self._running.metrics.loop_errors.labels("request").inc()
            self._running.log.error(
                "part of a report failed", err=f"{type(error).__name__}: {error}"
            )
            return _Failed(error="internal error")


class _Failed(dict[str, str]):
    """What stands in the place of a part that failed."""
