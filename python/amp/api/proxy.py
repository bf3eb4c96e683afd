"""`POST /webhook/proxy`: stores alerts, delivers them at once, and answers what became of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from amp.api.answer import Answer, own_json
from amp.api.suppressor import Suppressor
from amp.api.webhook import rejection
from amp.clock import SECOND_NS
from amp.webhook import alertmanager

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from amp.api.request import Request
    from amp.api.webhook import Intake, Taken
    from amp.config.proxy import ProxyFilter
    from amp.dispatch.groups import Told
    from amp.model import Outcome
    from amp.running import Running
    from amp.webhook.alert import WebhookAlert

DEADLINE_SECONDS = 30
SUCCESS, FILTERED, PARTIAL, FAILED = "success", "filtered", "partial", "failed"


class Classifier(Protocol):
    """Says what alerts are about."""

    async def classify(
        self, alerts: Mapping[str, WebhookAlert], deadline_ns: int
    ) -> Mapping[str, Mapping[str, object]]:
        """Classifications by fingerprint, of as many alerts as it can until the deadline."""


@dataclass(slots=True)
class _Result:
    """What became of one alert."""

    fingerprint: str
    alert: WebhookAlert
    held_by: ProxyFilter | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    waiting: bool = False

    @property
    def status(self) -> str:
        """In one word."""
        if self.held_by is not None:
            return FILTERED
        delivered = [outcome.delivered for outcome in self.outcomes]
        if self.waiting or (any(delivered) and not all(delivered)):
            return PARTIAL
        if delivered:
            return SUCCESS if all(delivered) else FAILED
        return FILTERED if self.reasons else SUCCESS

    def shown(self, classification: Mapping[str, object] | None) -> dict[str, object]:
        """As the answer shows it."""
        reason = "; ".join(dict.fromkeys(self.reasons))
        if self.held_by is not None:
            reason = f'filter "{self.held_by.name}"'
        shown: dict[str, object] = {
            "fingerprint": self.fingerprint,
            "alert_name": self.alert.name,
            "status": self.status,
        }
        if classification is not None:
            shown["classification"] = classification
        shown["filter_action"] = "passed" if self.held_by is None else "filtered"
        if reason:
            shown["filter_reason"] = reason
        shown["publishing_results"] = [_published(outcome) for outcome in self.outcomes]
        return shown


class ProxyApi:
    """Takes a webhook of Alertmanager and delivers it before it answers."""

    def __init__(
        self, running: Running, intake: Intake, classifier: Classifier | None = None
    ) -> None:
        self._running = running
        self._intake = intake
        self._classifier = classifier

    async def post(self, request: Request) -> Answer:
        """200 when everything went as it should, 207 when something failed."""
        began = perf_counter()
        deadline_ns = self._running.clock.now_ns() + DEADLINE_SECONDS * SECOND_NS
        taken = await self._intake.take(request, (alertmanager.FORM,))
        results = self._results(taken)
        classified = await self._classified(taken, deadline_ns)
        await self._deliver(results, deadline_ns)
        shown: dict[int, dict[str, object]] = {
            one.index: {**rejection(one), "status": FAILED, "publishing_results": []}
            for one in taken.rejected
        }
        for index, result in results.items():
            shown[index] = result.shown(classified.get(result.fingerprint))
        statuses = [str(one["status"]) for one in shown.values()]
        summary = _summary(statuses, len(taken.alerts))
        answer: dict[str, object] = {
            "status": _status(statuses),
            "alerts_summary": summary,
            "alert_results": [shown[index] for index in sorted(shown)],
            "processing_seconds": round(perf_counter() - began, 6),
        }
        if taken.body.truncated:
            answer["truncated"] = taken.body.truncated
        if taken.rejected and not taken.alerts:
            answer["error"] = f"no alert could be accepted: {taken.rejected[0].error}"
            return own_json(answer, 400)
        return own_json(answer, 207 if summary["total_failed"] else 200)

    def _results(self, taken: Taken) -> dict[int, _Result]:
        proxy = self._running.live.config.own.proxy
        return {
            index: _Result(fingerprint, alert, proxy.filter_of(alert.labels))
            for index, (fingerprint, alert) in taken.alerts.items()
        }

    async def _classified(
        self, taken: Taken, deadline_ns: int
    ) -> Mapping[str, Mapping[str, object]]:
        if self._classifier is None:
            return {}
        return await self._classifier.classify(dict(taken.alerts.values()), deadline_ns)

    async def _deliver(self, results: Mapping[int, _Result], deadline_ns: int) -> None:
        """Flushes the groups of all alerts that pass, and notes what became of each alert."""
        running = self._running
        passed: dict[str, list[_Result]] = {}
        left_out: list[str] = []
        for result in results.values():
            if result.held_by is None:
                passed.setdefault(result.fingerprint, []).append(result)
            else:
                left_out.append(result.fingerprint)
        if not passed:
            return
        suppressor = Suppressor(running)
        groups = running.engine.groups_of(list(passed))
        told: dict[int, Told] = {}
        # Before stored state is back nobody knows what was told already.
        if running.opened:
            told = await running.live.dispatcher.flush_now(
                [group_id for group_id, *_ in groups], deadline_ns, without=left_out
            )
        for group_id, _, _, members in groups:
            for fingerprint in members:
                for result in passed[fingerprint]:
                    _note(result, told.get(group_id), suppressor)


def _note(result: _Result, told: Told | None, suppressor: Suppressor) -> None:
    """Adds to an alert's result what one of its groups did."""
    if told is None or not told.began:
        result.waiting = True
        return
    for held in told.held:
        if result.fingerprint in held.fingerprints:
            result.reasons.append(suppressor.reason(held, result.alert.labels))
            return
    result.outcomes += told.outcomes
    result.waiting = result.waiting or not told.ended


def _published(outcome: Outcome) -> dict[str, object]:
    shown: dict[str, object] = {
        "target": f"{outcome.receiver}/{outcome.integration}[{outcome.position}]",
        "success": outcome.delivered,
    }
    if outcome.status_code is not None:
        shown["status_code"] = outcome.status_code
    shown["latency_seconds"] = round(outcome.latency_seconds, 6)
    if outcome.error:
        shown["error"] = outcome.error
    if outcome.skipped:
        shown["skipped"] = outcome.skipped
    return shown


def _summary(statuses: Sequence[str], processed: int) -> dict[str, int]:
    """Every alert counts as filtered, published or failed; failed are those refused, too."""
    return {
        "total_received": len(statuses),
        "total_processed": processed,
        "total_filtered": statuses.count(FILTERED),
        "total_published": statuses.count(SUCCESS),
        "total_failed": statuses.count(FAILED) + statuses.count(PARTIAL),
    }


def _status(statuses: Sequence[str]) -> str:
    failed = statuses.count(FAILED)
    if not failed and PARTIAL not in statuses:
        return SUCCESS
    return FAILED if failed == len(statuses) else PARTIAL
