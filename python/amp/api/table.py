"""Which path is answered by whom."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from amp.api.alerts import AlertsApi
from amp.api.cors import Cors
from amp.api.deliveries import PATH as DELIVERIES
from amp.api.deliveries import DeliveriesApi
from amp.api.gate import Gate, Route
from amp.api.history import PATHS as HISTORY
from amp.api.history import HistoryApi
from amp.api.inhibition import InhibitionApi
from amp.api.memory import Memory
from amp.api.openapi import PATH as OPENAPI
from amp.api.openapi import OpenapiApi
from amp.api.operations import OperationsApi, favicon, front_page
from amp.api.proxy import ProxyApi
from amp.api.report import PATHS as REPORTS
from amp.api.report import ReportApi
from amp.api.silences import SilencesApi
from amp.api.status import StatusApi
from amp.api.stream import PATH, StreamApi
from amp.api.webhook import Intake, WebhookApi

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amp.api.answer import Answer
    from amp.api.gate import Handler
    from amp.api.request import Request
    from amp.options import Options
    from amp.running import Running

LEAST_GETS = 8


def gate(running: Running, options: Options, prefix: str, version: str) -> Gate:
    """The application's door with every route behind it.

    Raises:
        MatcherError: when `--web.cors.origin` is no regular expression.
    """
    concurrency = options.get_concurrency
    if concurrency <= 0:
        concurrency = max(os.cpu_count() or 1, LEAST_GETS)
    deliveries = DeliveriesApi(running)
    return Gate(
        {
            **_v2(running),
            **_inhibition(running, options),
            **_operations(running, version),
            **_webhooks(running, options),
            **_stream(running, options),
            OPENAPI: Route(OPENAPI, {"GET": OpenapiApi(prefix, version).get}, sized=True),
            **_history(running),
            DELIVERIES: Route(DELIVERIES, {"GET": deliveries.list}, sized=True),
        },
        [
            (re.compile("/api/v2/silence/[^/]+/?"), _single_silence(running)),
            (re.compile("/api/v1/silence/[^/]+"), _v1_single(running)),
            *_single_delivery(deliveries),
            *_single_alert(running),
        ],
        prefix=prefix,
        cors=Cors(options.cors_origin) if options.cors_origin else None,
        get_concurrency=concurrency,
        timeout_seconds=options.web_timeout_seconds,
        max_body_bytes=options.max_body_bytes,
        metrics=running.metrics,
        log=running.log,
    )


def _v2(running: Running) -> dict[str, Route]:
    alerts = AlertsApi(running, running.metrics)
    status = StatusApi(running)
    silences = SilencesApi(running)
    table: dict[str, Mapping[str, Handler]] = {
        "/api/v2/status": {"GET": status.status},
        "/api/v2/receivers": {"GET": status.receivers},
        "/api/v2/alerts": {"GET": alerts.get, "POST": alerts.post},
        "/api/v2/alerts/groups": {"GET": alerts.groups},
        "/api/v2/silences": {"GET": silences.list, "POST": silences.post},
    }
    return {path: Route(path, methods, sized=False) for path, methods in table.items()}


def _inhibition(running: Running, options: Options) -> dict[str, Route]:
    inhibition = InhibitionApi(running, options)
    table: dict[str, Mapping[str, Handler]] = {
        "/api/v2/inhibition/rules": {"GET": inhibition.rules},
        "/api/v2/inhibition/status": {"GET": inhibition.status},
        "/api/v2/inhibition/check": {"POST": inhibition.check},
    }
    return {path: Route(path, methods, sized=False) for path, methods in table.items()}


def _single_silence(running: Running) -> Route:
    silences = SilencesApi(running)
    methods = {"GET": silences.get, "DELETE": silences.delete}
    return Route("/api/v2/silence/{silenceID}", methods, sized=False)


def _single_delivery(deliveries: DeliveriesApi) -> list[tuple[re.Pattern[str], Route]]:
    one, again = f"{DELIVERIES}/{{id}}", f"{DELIVERIES}/{{id}}/resend"
    return [
        (re.compile(f"{DELIVERIES}/[^/]+"), Route(one, {"GET": deliveries.get}, sized=True)),
        (
            re.compile(f"{DELIVERIES}/[^/]+/resend"),
            Route(again, {"POST": deliveries.resend}, sized=True),
        ),
    ]


def _v1_single(running: Running) -> Route:
    gone = OperationsApi(running).v1
    return Route("/silence/:sid", {"GET": gone, "DELETE": gone}, sized=True)


def _webhooks(running: Running, options: Options) -> dict[str, Route]:
    intake = Intake(running, options, running.metrics)
    webhook, proxy = WebhookApi(intake), ProxyApi(running, intake)
    return {
        "/webhook": Route("/webhook", {"POST": webhook.post}, sized=True),
        "/webhook/proxy": Route("/webhook/proxy", {"POST": proxy.post}, sized=True),
    }


def _history(running: Running) -> dict[str, Route]:
    memory = Memory(running)
    history, report = HistoryApi(running, memory), ReportApi(running, memory)
    table = {}
    for path in HISTORY:
        table[path] = Route(path, {"GET": history.list}, sized=True)
        table[f"{path}/top"] = Route(f"{path}/top", {"GET": history.top}, sized=True)
        flapping = f"{path}/flapping"
        table[flapping] = Route(flapping, {"GET": history.flapping}, sized=True)
    return table | {path: Route(path, {"GET": report.get}, sized=True) for path in REPORTS}


def _single_alert(running: Running) -> list[tuple[re.Pattern[str], Route]]:
    history = HistoryApi(running, Memory(running))
    return [
        (
            re.compile(f"{path}/[^/]+"),
            Route(f"{path}/{{fingerprint}}", {"GET": history.one}, sized=True),
        )
        for path in HISTORY
    ]


def _stream(running: Running, options: Options) -> dict[str, Route]:
    if running.stream is None:
        return {}
    cors = Cors(options.cors_origin) if options.cors_origin else None
    api = StreamApi(running.stream, cors, options.external_url, running.matcher_mode)
    return {PATH: Route(PATH, {"GET": api.get}, sized=False)}


def _operations(running: Running, version: str) -> dict[str, Route]:
    operations = OperationsApi(running)

    async def front(request: Request) -> Answer:
        return front_page("Alertmanager++", version)

    gone = operations.v1
    table: dict[str, tuple[str, Mapping[str, Handler]]] = {
        "/": ("/", {"GET": front, "HEAD": front}),
        "/favicon.ico": ("/favicon.ico", {"GET": favicon, "HEAD": favicon}),
        "/-/healthy": ("/-/healthy", {"GET": operations.healthy, "HEAD": operations.healthy}),
        "/-/ready": ("/-/ready", {"GET": operations.ready, "HEAD": operations.ready}),
        "/-/reload": ("/-/reload", {"POST": operations.reload}),
        "/health": ("/health", {"GET": operations.health, "HEAD": operations.health}),
        "/ready": ("/ready", {"GET": operations.readiness, "HEAD": operations.readiness}),
        "/metrics": ("/metrics", {"GET": operations.metrics}),
        "/api/v1/status": ("/status", {"GET": gone}),
        "/api/v1/receivers": ("/receivers", {"GET": gone}),
        "/api/v1/alerts": ("/alerts", {"GET": gone, "POST": gone}),
        "/api/v1/silences": ("/silences", {"GET": gone, "POST": gone}),
    }
    return {path: Route(label, methods, sized=True) for path, (label, methods) in table.items()}
