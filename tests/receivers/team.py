"""A receiver as the pipeline runs it, without what is around."""

from __future__ import annotations

import io
import json
import time
from typing import TYPE_CHECKING, Any

from amp._core import Engine, NotificationLog
from amp.config.load import load_config
from amp.config.own import parse_own
from amp.config.templates import parse_templates
from amp.errors import SendError
from amp.log import Logger
from amp.notify.deduplicate import FIRST
from amp.receivers import sender
from amp.receivers.base import Notification
from receivers import casefile

if TYPE_CHECKING:
    from amp._core import Batch
    from amp.httpclient import HttpClients

HOUR_NS = 3_600 * 10**9


class Team:
    """A receiver's one integration between deduplication and record, as the pipeline runs it."""

    def __init__(self, text: str, clients: HttpClients, own: str = "{}") -> None:
        config = load_config(text, own=parse_own(own))
        self.templates = parse_templates(config)
        self.engine = Engine()
        self.engine.configure(config.plan(), self.templates, time.time_ns())
        [(self.kind, _, self.block)] = config.integrations(config.receivers[0])
        make = sender(self.kind)
        self.send = make(self.block, clients.client(getattr(self.block, "http_config", None)))
        self.log = NotificationLog()
        self.written = io.StringIO()
        self.group = None

    async def tell(self, alerts: list[dict[str, Any]]) -> SendError | None:
        """Takes the alerts in, flushes, and makes one attempt; what went wrong."""
        now_ns = time.time_ns()
        report = self.engine.ingest(json.dumps(alerts).encode(), now_ns, HOUR_NS)
        assert report.status == 200, report.body
        if report.timers:
            [(self.group, _, _)] = report.timers
        [batch] = self.engine.flush([self.group], now_ns)
        assert batch is not None
        name, kind = batch.receiver, self.kind
        resolved = self.block.send_resolved
        reason = self.log.decide(
            batch, name, kind, 0, send_resolved=resolved, repeat_interval_ns=HOUR_NS, now_ns=now_ns
        )
        assert reason is not None
        first = reason == FIRST
        data = {} if first else self.log.data(batch.group_key, name, kind, 0)
        try:
            await self.attempt(batch if resolved else batch.firing_only(), reason, data, now_ns)
        except SendError as error:
            return error
        self.log.record(
            batch, name, kind, 0, now_ns=now_ns, expires_at_ns=now_ns + HOUR_NS, data=data
        )
        self.engine.complete(batch)
        return None

    async def attempt(self, batch: Batch, reason: str, data: dict[str, Any], now_ns: int) -> None:
        if not batch.count:
            return
        notification = Notification(
            batch=batch,
            receiver=batch.receiver,
            group_key=batch.group_key,
            reason=reason,
            external_url=casefile.EXTERNAL_URL,
            now_ns=now_ns,
            templates=self.templates,
            log=Logger(self.written, form="json"),
            data=data,
        )
        await self.send(notification)

    def warnings(self) -> list[dict[str, Any]]:
        """What it warned about since the last call."""
        written = self.written.getvalue().splitlines()
        self.written.seek(0)
        self.written.truncate()
        told = [casefile.warning(json.loads(line)) for line in written]
        return [warning for warning in told if warning is not None]
