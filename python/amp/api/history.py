"""`/history` and what hangs below it: questions to the stored history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.api.answer import Refusal, go_json, own_error
from amp.api.export import Exports, form_of
from amp.query.cursor import Cursor, read_cursor
from amp.query.episodes import page
from amp.query.filters import (
    EPISODE_FILTERS,
    PAGING,
    SERIES_FILTERS,
    WINDOW,
    Parameters,
    question,
    signed_fingerprint,
    window,
)
from amp.query.overlap import Window
from amp.query.question import BadParameterError
from amp.query.ranking import flapping, top
from amp.query.timeline import timeline

if TYPE_CHECKING:
    from amp.api.answer import Answer
    from amp.api.memory import Memory
    from amp.api.request import Request
    from amp.history.base import Reader
    from amp.query.filters import Parameters as Given
    from amp.running import Running

PATHS = ("/history", "/api/amp/v1/history")
HOUR_NS = 3_600_000_000_000
DEFAULT_WINDOW_NS = 7 * 24 * HOUR_NS
TOP_LIMIT = 10


class HistoryApi:
    """Shows episodes, one alert's life, and who fires and flaps most."""

    def __init__(self, running: Running, memory: Memory) -> None:
        self._running = running
        self._memory = memory
        self._exports = Exports(memory)

    async def list(self, request: Request) -> Answer:
        """Episodes that pass every filter: a page as JSON, or all as CSV or NDJSON."""
        try:
            parameters = Parameters(request.parameters(), EPISODE_FILTERS | PAGING | {"format"})
            form = form_of(parameters, request)
            asked = question(parameters, self._running.matcher_mode)
            if form != "json":
                for name in ("limit", "cursor"):
                    if parameters.one(name) is not None:
                        text = f"parameter {name!r} has no meaning with format={form}: all is sent"
                        raise BadParameterError(name, text)
                return await self._exports.answer(form, asked, self._running.clock.now_ns())
            limit = parameters.limit()
            digest = asked.digest()
            given = parameters.one("cursor")
            cursor = None if given is None else read_cursor(given, digest)
        except BadParameterError as error:
            return own_error(400, str(error), error.parameter)
        now_ns = self._running.clock.now_ns()
        key = f"history {limit} {cursor} {asked.key()}"

        async def made() -> bytes:
            found = await self._memory.read(
                lambda reader: page(reader, asked, now_ns, limit, cursor)
            )
            rest = {
                "total": found.total,
                "total_is_estimate": found.estimated,
                "next_cursor": found.next_cursor,
            }
            return b'{"alerts":[%b],%b' % (b",".join(found.lines), go_json(rest)[1:-1])

        return self._memory.sent(await self._memory.kept(request, key, made, lambda: True))

    async def one(self, request: Request) -> Answer:
        """The timeline of one alert."""
        try:
            fingerprint = signed_fingerprint(request.last_segment)
            parameters = Parameters(request.parameters(), ("limit", "cursor"), labels=False)
            limit = parameters.limit()
            digest = f"timeline {fingerprint}"
            given = parameters.one("cursor")
            cursor = None if given is None else read_cursor(given, digest)
        except BadParameterError as error:
            status = 404 if error.parameter == "fingerprint" else 400
            return own_error(status, str(error), error.parameter)
        before = None if cursor is None else cursor.key

        def answer(reader: Reader) -> dict[str, object]:
            found = timeline(reader, fingerprint, limit, before)
            if found is None:
                text = f"there is no alert {request.last_segment[:40]!r} in the history"
                raise Refusal(own_error(404, text, "fingerprint"))
            following = None
            if found.next_seq is not None:
                following = Cursor(found.next_seq, 0, 0, 0, 0, False).text(digest)
            return {
                "fingerprint": found.fingerprint,
                "alert_name": found.labels.get("alertname", ""),
                "labels": found.labels,
                "events": found.events,
                "next_cursor": following,
            }

        return await self._memory.answer(request, f"one {fingerprint} {limit} {before}", answer)

    async def top(self, request: Request) -> Answer:
        """The alerts with the most episodes in a window, seven days by default."""
        try:
            parameters = Parameters(request.parameters(), SERIES_FILTERS | WINDOW | {"limit", "by"})
            asked = question(parameters.without("from", "to"), self._running.matcher_mode)
            within = window_of(parameters, self._running.clock.now_ns())
            limit = parameters.whole("limit", 1, 1000, TOP_LIMIT)
            by = parameters.one_of("by", ("fingerprint", "alert_name")) or "fingerprint"
        except BadParameterError as error:
            return own_error(400, str(error), error.parameter)
        now_ns = self._running.clock.now_ns()
        key = f"top {by} {limit} {_window_key(parameters)} {asked.key()}"

        def answer(reader: Reader) -> dict[str, object]:
            found = top(reader, asked, within, now_ns, by_name=by == "alert_name", limit=limit)
            return {"top": found}

        return await self._memory.answer(request, key, answer)

    async def flapping(self, request: Request) -> Answer:
        """The alerts that flapped in a window, seven days by default."""
        try:
            parameters = Parameters(
                request.parameters(), SERIES_FILTERS | WINDOW | {"limit", "min_score"}
            )
            asked = question(parameters.without("from", "to"), self._running.matcher_mode)
            within = window_of(parameters, self._running.clock.now_ns())
            limit = parameters.whole("limit", 1, 100, TOP_LIMIT)
            least = parameters.number("min_score", 0, 1)
        except BadParameterError as error:
            return own_error(400, str(error), error.parameter)
        min_score = 0.5 if least is None else least
        now_ns = self._running.clock.now_ns()
        key = f"flapping {min_score} {limit} {_window_key(parameters)} {asked.key()}"

        def answer(reader: Reader) -> dict[str, object]:
            found = flapping(reader, asked, within, now_ns, min_score=min_score, limit=limit)
            return {"flapping": found}

        return await self._memory.answer(request, key, answer)


def window_of(parameters: Given, now_ns: int) -> Window:
    """`from` and `to`, by default the last seven days until now.

    Raises:
        BadParameterError: when one is no instant, or they are the wrong way round.
    """
    from_ns, to_ns = window(parameters)
    end = now_ns if to_ns is None else to_ns
    start = max(end - DEFAULT_WINDOW_NS, 0) if from_ns is None else from_ns
    if start >= end:
        raise BadParameterError("from", "parameter 'from' must be earlier than 'to'")
    return Window(start, end)


def _window_key(parameters: Given) -> str:
    """The window as it was asked for: `now` moves on, and the answer's life is short."""
    return f"{parameters.many('from')} {parameters.many('to')}"
