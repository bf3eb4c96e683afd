"""`POST /webhook`: takes alerts in whatever form they come."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp._core import fingerprint
from amp.api.answer import Answer, Refusal, own_error, own_json
from amp.api.ingest import LARGE_BODY_BYTES, Ingest
from amp.api.media_type import media_type
from amp.bucket import Bucket
from amp.clock import SECOND_NS
from amp.webhook.detect import FORMS, Rejected, TooMany, Unrecognised, read_body

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amp.api.request import Request
    from amp.metrics import Metrics
    from amp.options import Options
    from amp.running import Running
    from amp.webhook.alert import WebhookAlert
    from amp.webhook.detect import Body
    from amp.webhook.form import Form

BURST_SECONDS = 10
"""How much of its rate a sender may save up: the requests of so many seconds at once."""

_JSON_TYPES = frozenset(("application/json", "text/json"))
_NO_JSON = (
    "image/", "audio/", "video/", "font/", "multipart/", "text/html", "text/xml", "text/csv",
    "text/yaml", "application/xml", "application/yaml", "application/x-yaml", "application/pdf",
    "application/zip", "application/gzip", "application/x-protobuf", "application/msgpack",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of the alerts of a request.

    Attributes:
        alerts: the accepted ones with their fingerprints, by their place in the body.
        rejected: in the order of the body.
        now_ns: the moment of the request, Unix nanoseconds.
    """

    body: Body
    alerts: dict[int, tuple[str, WebhookAlert]]
    rejected: Sequence[Rejected]
    now_ns: int


class Intake:
    """Reads the alerts of a request and stores them; shared by both doors of webhooks."""

    def __init__(self, running: Running, options: Options, metrics: Metrics) -> None:
        self._running = running
        self._ingest = Ingest(running, metrics)
        self._max_alerts = options.max_alerts
        self._resolve_timeout_ns = int(options.webhook_resolve_timeout_seconds * SECOND_NS)
        rate = options.webhook_rate
        self._bucket = (
            Bucket(SECOND_NS // rate, rate * BURST_SECONDS, running.clock) if rate > 0 else None
        )

    async def take(self, request: Request, forms: tuple[Form, ...] = FORMS) -> Taken:
        """Stores every alert of the body that can be stored.

        Raises:
            Refusal: 400 when the body is not of these forms, 413, 415, 429.
        """
        self._check_rate()
        body = await request.body()
        check_type(request)
        now_ns = self._running.clock.now_ns()
        try:
            if len(body) > LARGE_BODY_BYTES:
                read = await asyncio.to_thread(self._read, body, now_ns, forms)
            else:
                read = self._read(body, now_ns, forms)
        except TooMany as error:
            raise Refusal(own_error(413, f"{error} (--amp.limits.alerts)")) from None
        except Unrecognised as error:
            self._log(request, "", str(error))
            raise Refusal(own_error(400, str(error))) from None
        if read.rejected:
            self._ingest.refused(len(read.rejected))
        taken = await self._store(read, now_ns)
        if taken.rejected:
            self._log(request, read.form, taken.rejected[0].error, len(taken.rejected))
        return taken

    def _read(self, body: bytes, now_ns: int, forms: tuple[Form, ...]) -> Body:
        return read_body(body, now_ns, max_alerts=max(0, self._max_alerts), forms=forms)

    async def _store(self, read: Body, now_ns: int) -> Taken:
        alerts = {index: (fingerprint(alert.labels), alert) for index, alert in read.alerts.items()}
        rejected = list(read.rejected)
        if alerts:
            report = await self._ingest.take(read.postable(), now_ns, self._resolve_timeout_ns)
            places = list(alerts)
            for position, why in report.refused:
                index = places[position]
                _, alert = alerts.pop(index)
                why = why.removeprefix(f"{position}.")
                rejected.append(Rejected(index, alert.name, why, alert.labels))
        rejected.sort(key=lambda one: one.index)
        return Taken(read, alerts, rejected, now_ns)

    def _check_rate(self) -> None:
        if self._bucket is None or self._bucket.allow():
            return
        answer = own_error(429, "more requests than --amp.webhook.rate allows")
        seconds = max(1, math.ceil(self._bucket.wait_ns() / SECOND_NS))
        answer.headers.append(("retry-after", str(seconds)))
        raise Refusal(answer)

    def _log(self, request: Request, form: str, error: str, count: int = 0) -> None:
        self._running.log.warn(
            "webhook alerts refused",
            component="api",
            path=request.path,
            format=form,
            count=count,
            err=error,
        )


class WebhookApi:
    """Takes alerts of any form that is known."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def post(self, request: Request) -> Answer:
        """Stores the alerts and says which were taken; 400 when none was."""
        taken = await self._intake.take(request)
        failed = bool(taken.rejected) and not taken.alerts
        shown: dict[str, object] = {
            "status": "error" if failed else "success",
            "format": taken.body.form,
            "received": taken.body.received,
            "accepted": len(taken.alerts),
            "rejected": [rejection(one) for one in taken.rejected],
            "truncated": taken.body.truncated,
        }
        if failed:
            shown["error"] = f"no alert could be accepted: {taken.rejected[0].error}"
        return own_json(shown, 400 if failed else 200)


def rejection(rejected: Rejected) -> dict[str, object]:
    """A rejected alert as answers show it."""
    shown: dict[str, object] = {"index": rejected.index, "alert_name": rejected.alert_name}
    if rejected.labels:
        shown["fingerprint"] = fingerprint(rejected.labels)
    return {**shown, "error": rejected.error}


def check_type(request: Request) -> None:
    """Refuses bodies that say that they are something else than JSON.

    What a browser sends for a page of another origin without asking first is refused as well: such
    a page could make alerts in the name of whoever looks at it.

    Raises:
        Refusal: 415.
    """
    given = request.header("content-type")
    try:
        media = media_type(given) if given else ""
    except ValueError:
        media = ""
    if media in _JSON_TYPES or media.endswith("+json"):
        return
    if request.header("origin") is not None or media.startswith(_NO_JSON) or "+xml" in media:
        raise Refusal(own_error(415, f'content type "{given or ""}" is not JSON', "Content-Type"))
