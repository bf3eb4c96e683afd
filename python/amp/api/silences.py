"""`/api/v2/silences` and `/api/v2/silence/{silenceID}`. Upstream: api/v2/api.go."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from amp.api.alerts import matchers_of
from amp.api.answer import (
    Answer,
    Refusal,
    empty,
    go_json,
    handler_error,
    ok,
    runtime_error,
)
from amp.api.request import check_accept, check_body_type
from amp.api.silence_body import read_silence
from amp.api.times import milliseconds
from amp.errors import BadRequest, NotFound, StoreUnavailable

if TYPE_CHECKING:
    from amp.api.request import Request
    from amp.running import Running
    from amp.store.silence import Silence

UUID = re.compile("[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)


class SilencesApi:
    """Shows, makes, changes and ends silences."""

    def __init__(self, running: Running) -> None:
        self._running = running

    async def list(self, request: Request) -> Answer:
        """Silences by state, filtered matcher for matcher."""
        check_accept(request)
        filters = matchers_of(request, "filter", self._running.matcher_mode)
        found = self._running.silences.query(
            [(matcher.name, matcher.op, matcher.value) for matcher in filters],
            active=request.flag("active"),
            expired=request.flag("expired"),
            pending=request.flag("pending"),
        )
        now_ns = self._running.clock.now_ns()
        return ok(go_json([_shown(silence, now_ns) for silence in found]) + b"\n")

    async def get(self, request: Request) -> Answer:
        """One silence, or 404 with an empty body."""
        check_accept(request)
        try:
            silence = self._running.silences.get(_id(request))
        except NotFound:
            self._refused(request, "Failed to find silence", err=None, id=_id(request))
            return empty(404)
        return ok(go_json(_shown(silence, self._running.clock.now_ns())) + b"\n")

    async def post(self, request: Request) -> Answer:
        """Creates or updates; 503 when the store cannot keep it, and then nothing changed."""
        body = await request.body()
        check_body_type(request, body)
        silence = read_silence(body)
        try:
            silence_id = await self._running.silences.set(silence)
        except BadRequest as error:
            self._not_made(request, silence, str(error))
            return handler_error(400, str(error))
        except NotFound as error:
            self._not_made(request, silence, str(error))
            return handler_error(404, str(error))
        except StoreUnavailable as error:
            self._not_made(request, silence, str(error))
            return handler_error(503, f"the silence was not stored: {error}")
        return ok(go_json({"silenceID": silence_id}) + b"\n")

    async def delete(self, request: Request) -> Answer:
        """Ends a silence now; an ended one stays as it is."""
        check_accept(request)
        try:
            await self._running.silences.expire(_id(request))
        except NotFound as error:
            self._refused(request, "Failed to expire silence", err=error)
            return empty(404)
        except StoreUnavailable as error:
            self._refused(request, "Failed to expire silence", err=error)
            return handler_error(503, f"the silence was not stored: {error}")
        return empty(200)

    def _refused(self, request: Request, message: str, **attributes: object) -> None:
        self._running.refused(request.method, request.path, message, **attributes)

    def _not_made(self, request: Request, silence: Silence, text: str) -> None:
        if not text.startswith("Failed to create silence: "):
            self._refused(request, "Failed to create silence", err=text)
            return
        ends_at = milliseconds(silence.ends_at_ns)
        if "start time" in text:
            starts_at = milliseconds(silence.starts_at_ns)
            self._refused(request, text, starts_at=starts_at, ends_at=ends_at)
        else:
            self._refused(request, text, ends_at=ends_at)


def _id(request: Request) -> str:
    given = request.last_segment
    if UUID.fullmatch(given) is None:
        text = f'silenceID in path must be of type uuid: "{given}"'
        raise Refusal(runtime_error(422, 601, text))
    return given


def _shown(silence: Silence, now_ns: int) -> dict[str, object]:
    """A silence as the API writes it. Upstream: api/v2/compat.go GettableSilenceFromProto.

    Raises:
        Refusal: 500 for one with several matcher sets, which v2 cannot express.
    """
    if len(silence.matcher_sets) > 1:
        text = (
            f"silence '{silence.id}' has multiple matcher sets which is not supported "
            "by this API version"
        )
        raise Refusal(handler_error(500, text))
    return shown(silence, now_ns)


def shown(silence: Silence, now_ns: int) -> dict[str, object]:
    """A silence as the API writes it; the matchers of several sets follow each other."""
    found: dict[str, object] = {
        "id": silence.id,
        "status": {"state": silence.state(now_ns)},
        "updatedAt": milliseconds(silence.updated_at_ns),
    }
    if silence.annotations:
        found["annotations"] = dict(sorted(silence.annotations.items()))
    found["comment"] = silence.comment
    found["createdBy"] = silence.created_by
    found["endsAt"] = milliseconds(silence.ends_at_ns)
    found["matchers"] = [
        {
            "isEqual": op in ("=", "=~"),
            "isRegex": op in ("=~", "!~"),
            "name": name,
            "value": value,
        }
        for matchers in silence.matcher_sets
        for name, op, value in matchers
    ]
    found["startsAt"] = milliseconds(silence.starts_at_ns)
    return found
