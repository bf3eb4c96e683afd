"""`/api/amp/v1/deliveries`: the delivery ledger, and sending again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from amp._core import stored_batch
from amp.api.answer import Refusal, own_error, own_json
from amp.api.memory import Memory
from amp.bucket import Bucket
from amp.clock import SECOND_NS
from amp.query.cursor import read_cursor
from amp.query.deliveries import FILTERS, LAST_ID, delivery_question, page
from amp.query.delivery import StoredDelivery, delivery
from amp.query.filters import Parameters
from amp.query.question import BadParameterError

if TYPE_CHECKING:
    from amp._core import Batch
    from amp.api.answer import Answer
    from amp.api.request import Request
    from amp.notify.integration import Integration
    from amp.running import Running

PATH = "/api/amp/v1/deliveries"
RESENDS_A_MINUTE = 10


class DeliveriesApi:
    """Shows attempts to deliver, and makes one again.

    Args:
        running: the process.
        resends_a_minute: how many deliveries are sent again, all together; as many at once.
    """

    def __init__(self, running: Running, *, resends_a_minute: int = RESENDS_A_MINUTE) -> None:
        self._running = running
        self._memory = Memory(running)
        self._resends_a_minute = resends_a_minute
        self._bucket = Bucket(60 * SECOND_NS // resends_a_minute, resends_a_minute, running.clock)

    async def list(self, request: Request) -> Answer:
        """Attempts, newest first."""
        try:
            parameters = Parameters(
                request.parameters(), FILTERS | {"limit", "cursor"}, labels=False
            )
            question = delivery_question(parameters)
            limit = parameters.limit()
            given = parameters.one("cursor")
            digest = question.digest()
            cursor = None if given is None else read_cursor(given, digest)
        except BadParameterError as error:
            return own_error(400, str(error), error.parameter)
        found = await self._memory.read(lambda reader: page(reader, question, limit, cursor))
        following = found.cursor
        return own_json(
            {
                "deliveries": found.deliveries,
                "total": found.total,
                "total_is_estimate": found.estimated,
                "next_cursor": None if following is None else following.text(digest),
            }
            | self._memory.incomplete()
        )

    async def get(self, request: Request) -> Answer:
        """One attempt with what it told."""
        _check_no_parameters(request)
        return own_json((await self._stored(request.last_segment)).shown())

    async def resend(self, request: Request) -> Answer:
        """Sends the group of an attempt again, rendered anew by the configuration that runs."""
        _check_no_parameters(request)
        try:
            return await self._resend(request)
        except Refusal:
            self._running.metrics.resends["refused"].inc()
            raise

    async def _resend(self, request: Request) -> Answer:
        running = self._running
        stored = await self._stored(request.path.rstrip("/").split("/")[-2])
        resender = running.live.resender
        row = stored.row
        integration = resender.find(row["receiver"], row["integration"], row["position"])
        if integration is None:
            text = (
                f"the configuration that runs has no {row['integration']}[{row['position']}]"
                f" of receiver {row['receiver']!r}"
            )
            raise Refusal(own_error(409, text))
        batch = _batch(stored, integration)
        self._check_rate()
        delivery_id, outcome = await resender.send(integration, batch, row["flush_id"])
        status = "delivered" if outcome.delivered else "failed"
        running.log.info(
            "Delivery resent",
            component="api",
            client=request.client,
            delivery=row["id"],
            resent_as=delivery_id,
            receiver=row["receiver"],
            integration=str(integration),
            aggrGroup=row["group_key"],
            status=status,
            err=outcome.error,
        )
        return own_json(
            {
                "id": delivery_id,
                "status": status,
                "status_code": outcome.status_code,
                "latency_seconds": outcome.latency_seconds,
                "error": outcome.error,
            }
        )

    async def _stored(self, text: str) -> StoredDelivery:
        """The attempt of an id in the path.

        Raises:
            Refusal: 404 when there is none.
        """
        if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LAST_ID:
            found = await self._memory.read(lambda reader: delivery(reader, int(text)))
            if found is not None:
                return found
        raise Refusal(own_error(404, f"there is no delivery {text[:40]!r}", "id"))

    def _check_rate(self) -> None:
        if self._bucket.allow():
            return
        text = f"no more than {self._resends_a_minute} deliveries a minute are sent again"
        answer = own_error(429, text)
        seconds = max(1, math.ceil(self._bucket.wait_ns() / SECOND_NS))
        answer.headers.append(("retry-after", str(seconds)))
        raise Refusal(answer)


def _check_no_parameters(request: Request) -> None:
    for name, _ in request.parameters():
        raise Refusal(own_error(400, f"unknown parameter {name[:64]!r}", name[:64]))


def _batch(stored: StoredDelivery, integration: Integration) -> Batch:
    """The alerts of an attempt, those that the integration wants to know of.

    Raises:
        Refusal: 409 when there are none.
    """
    if not stored.alerts:
        raise Refusal(own_error(409, "the alerts of this delivery are kept no longer"))
    batch = stored_batch(
        stored.row["receiver"],
        stored.row["group_key"],
        stored.group_labels,
        [one[1:] for one in stored.alerts],
    )
    if not integration.send_resolved:
        batch = batch.firing_only()
    if not batch.count:
        text = f"all alerts of this delivery are resolved, of which {integration} is not told"
        raise Refusal(own_error(409, text))
    return batch
