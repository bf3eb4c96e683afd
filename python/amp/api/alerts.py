"""`/api/v2/alerts` and `/api/v2/alerts/groups`. Upstream: api/v2/api.go."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from amp._core import Matcher, MatcherError, parse_matcher
from amp.api.answer import JSON, NO_STORE, Answer, Refusal, empty, handler_error, ok
from amp.api.ingest import Ingest
from amp.api.request import check_accept, check_body_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amp.api.request import Request
    from amp.metrics import Metrics
    from amp.running import Running


class AlertsApi:
    """Takes alerts in and shows them."""

    def __init__(self, running: Running, metrics: Metrics) -> None:
        self._running = running
        self._ingest = Ingest(running, metrics)

    async def post(self, request: Request) -> Answer:
        """Stores a batch; the engine answers for the body, this for everything around it."""
        body = await request.body()
        check_body_type(request, body)
        running = self._running
        report = await self._ingest.take(
            body, running.clock.now_ns(), running.live.resolve_timeout_ns
        )
        if report.status == 200:
            return empty(200)
        if report.status == 400 and report.body.startswith(b'"'):
            text = json.loads(report.body)
            running.refused(request.method, request.path, "Failed to validate alerts", err=text)
        return Answer(report.status, report.body, [NO_STORE, JSON])

    async def get(self, request: Request) -> Answer:
        """The alerts, filtered, by fingerprint."""
        check_accept(request)
        filters = matchers_of(request, "filter", self._running.matcher_mode)
        named, labelled = self._receivers(request)
        return ok(
            self._running.engine.query_alerts(
                self._running.clock.now_ns(),
                active=request.flag("active"),
                silenced=request.flag("silenced"),
                inhibited=request.flag("inhibited"),
                filters=filters,
                receivers=named,
                and_receivers=labelled,
            )
        )

    async def groups(self, request: Request) -> Answer:
        """The aggregation groups with their alerts."""
        check_accept(request)
        filters = matchers_of(request, "filter", self._running.matcher_mode)
        receivers = self._receivers(request)
        return ok(
            self._running.engine.query_groups(
                self._running.clock.now_ns(),
                active=request.flag("active"),
                silenced=request.flag("silenced"),
                inhibited=request.flag("inhibited"),
                muted=request.flag("muted"),
                filters=filters,
                receivers=in_both(*receivers),
            )
        )

    def _receivers(self, request: Request) -> tuple[list[str] | None, list[str] | None]:
        """The receivers that each of both parameters allows, None for all."""
        pattern = (request.values("receiver") or [""])[-1]
        receivers = self._running.live.config.receivers
        named: list[str] | None = None
        if pattern:
            try:
                matcher = Matcher("receiver", "=~", pattern)
            except MatcherError as error:
                text = f"failed to parse receiver param: {error}"
                raise Refusal(handler_error(400, text)) from None
            named = [one.name for one in receivers if matcher.matches(one.name)]
        if not request.values("receiver_matchers"):
            return named, None
        matchers = receiver_matchers(request, self._running.matcher_mode)
        return named, [one.name for one in receivers if labels_match(matchers, one.labels)]


def in_both(named: list[str] | None, labelled: list[str] | None) -> list[str] | None:
    """The names that both lists have; None is the list of all."""
    if named is None or labelled is None:
        return labelled if named is None else named
    return [name for name in named if name in labelled]


def matchers_of(request: Request, parameter: str, mode: str) -> list[Matcher]:
    """The matchers of a repeated parameter.

    Raises:
        Refusal: 400 with the parser's text.
    """
    try:
        return [parse_matcher(text, mode) for text in request.values(parameter)]
    except MatcherError as error:
        raise Refusal(handler_error(400, str(error))) from None


def receiver_matchers(request: Request, mode: str) -> list[Matcher]:
    """The `receiver_matchers` parameter.

    Raises:
        Refusal: 400 with upstream's text.
    """
    try:
        return [parse_matcher(text, mode) for text in request.values("receiver_matchers")]
    except MatcherError as error:
        text = f"failed to parse receiver_matchers param: {error}"
        raise Refusal(handler_error(400, text)) from None


def labels_match(matchers: Sequence[Matcher], labels: dict[str, str]) -> bool:
    """Whether all matchers hold on a label map; an absent label has special cases.

    With an empty pattern, `=` and `=~` accept an absent label at once, `!=` and `!~` a present one.
    Upstream: api/v2 matchFilterLabels.
    """
    for matcher in matchers:
        present = matcher.name in labels
        if matcher.value == "" and present == matcher.op.startswith("!"):
            continue
        if not matcher.matches(labels.get(matcher.name, "")):
            return False
    return True
