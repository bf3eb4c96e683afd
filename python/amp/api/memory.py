"""Asks the history, and keeps answers for as long as no event makes them wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amp.api.answer import JSON, NO_STORE, Answer, Refusal, go_json, own_error
from amp.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeVar

    from amp.api.request import Request
    from amp.history.base import Reader
    from amp.history.history import History
    from amp.running import Running

    Answered = TypeVar("Answered")


class Memory:
    """The history as the endpoints ask it; without a cache every question goes to the store."""

    def __init__(self, running: Running) -> None:
        self._running = running

    def history(self) -> History:
        """The history.

        Raises:
            Refusal: 404 when none is kept.
        """
        history = self._running.history
        if history is None:
            raise Refusal(own_error(404, "no history is kept (--amp.history.retention=0)"))
        return history

    async def read(self, asked: Callable[[Reader], Answered]) -> Answered:
        """Asks the store.

        Raises:
            Refusal: 404 when none is kept, 503 when it cannot answer now.
        """
        try:
            return await self.history().read(asked)
        except StoreUnavailable as error:
            raise Refusal(own_error(503, f"the history cannot be read: {error}")) from None

    def incomplete(self) -> dict[str, object]:
        """What an answer says beside its rows when events are missing; nothing when none is."""
        health = self.history().health
        if health.ok and not health.dropped:
            return {}
        detail = health.detail or "the store or its queue could not take all events"
        return {"incomplete": {"dropped": health.dropped, "detail": detail}}

    async def answer(
        self, request: Request, key: str, asked: Callable[[Reader], dict[str, Any]]
    ) -> Answer:
        """Answers from the cache, or asks the store.

        Args:
            request: `Cache-Control: no-cache` in it asks the store anyway.
            key: the same for the same question.
            asked: makes the answer.
        """

        async def made() -> bytes:
            return go_json(await self.read(asked))[:-1]

        return self.sent(await self.kept(request, key, made, lambda: True))

    async def kept(
        self,
        request: Request,
        key: str,
        made: Callable[[], Awaitable[bytes]],
        good: Callable[[], bool],
    ) -> bytes:
        """The body of an answer without its last brace; kept unless it is not `good`."""
        history, cache = self.history(), self._running.cache
        if cache is None or "no-cache" in (request.header("cache-control") or "").lower():
            return await made()
        return await cache.get(f"{history.generation} {key}", made, good)

    def sent(self, body: bytes) -> Answer:
        """An answer of a body without its last brace, completed by what is missing."""
        more = self.incomplete()
        end = b"," + go_json(more)[1:] if more else b"}"
        return Answer(200, body + end + b"\n", [NO_STORE, JSON])
