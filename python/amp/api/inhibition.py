"""`/api/v2/inhibition/rules`, `/status` and `/check`: who holds back whom."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from amp._core import Matcher, fingerprint
from amp.api.alerts import matchers_of
from amp.api.answer import Answer, Refusal, go_json, handler_error, ok
from amp.api.request import check_accept, check_body_type
from amp.webhook.value import BadAlert, label_map

if TYPE_CHECKING:
    from amp.api.request import Request
    from amp.options import Options
    from amp.running import Running

By = list[dict[str, object]]


class InhibitionApi:
    """Shows the rules of the running configuration and what they do."""

    def __init__(self, running: Running, options: Options) -> None:
        self._running = running
        self._max_alerts = options.max_alerts

    async def rules(self, request: Request) -> Answer:
        """The rules in the order of the configuration, each with the number of its sources."""
        check_accept(request)
        running = self._running
        counts = running.engine.inhibition_sources(running.clock.now_ns())
        shown = [
            {
                "index": index,
                "name": rule["name"],
                "source_matchers": _texts(rule["source_matchers"]),
                "target_matchers": _texts(rule["target_matchers"]),
                "equal": rule["equal"],
                "active_sources": count,
            }
            for index, (rule, count) in enumerate(zip(self._rules(), counts, strict=True))
        ]
        return ok(go_json(shown) + b"\n")

    async def status(self, request: Request) -> Answer:
        """The alerts that are inhibited now, and from the other side their sources."""
        check_accept(request)
        running = self._running
        now_ns = running.clock.now_ns()
        body = running.engine.query_alerts(
            now_ns,
            active=False,
            silenced=True,
            inhibited=True,
            filters=matchers_of(request, "filter", running.matcher_mode),
            receivers=None,
        )
        names = self._names()
        inhibited: list[dict[str, object]] = []
        sources: dict[str, dict[str, Any]] = {}
        for alert in json.loads(body):
            by = running.engine.inhibited_by(alert["labels"], now_ns)
            if not by:
                continue
            target = alert["fingerprint"]
            inhibited.append(
                {
                    "fingerprint": target,
                    "labels": alert["labels"],
                    "inhibited_by": [
                        {"rule": rule, "rule_name": names[rule], "source": source}
                        for rule, source, _ in by
                    ],
                }
            )
            for rule, source, labels in by:
                known = sources.setdefault(
                    source, {"fingerprint": source, "labels": labels, "inhibits": []}
                )
                known["inhibits"].append({"rule": rule, "rule_name": names[rule], "target": target})
        found = {"inhibited": inhibited, "sources": sorted(sources.values(), key=_fingerprint)}
        return ok(go_json(found) + b"\n")

    async def check(self, request: Request) -> Answer:
        """Whether alerts with these labels would be inhibited now; nothing is stored."""
        body = await request.body()
        check_body_type(request, body)
        running = self._running
        now_ns, names = running.clock.now_ns(), self._names()
        results: list[dict[str, object]] = []
        for labels in self._asked(body):
            by: By = [
                {
                    "rule": rule,
                    "rule_name": names[rule],
                    "source": {"fingerprint": source, "labels": of_source},
                }
                for rule, source, of_source in running.engine.inhibited_by(labels, now_ns)
            ]
            results.append(
                {
                    "fingerprint": fingerprint(labels),
                    "labels": labels,
                    "inhibited": bool(by),
                    "inhibited_by": by,
                }
            )
        return ok(go_json({"results": results}) + b"\n")

    def _asked(self, body: bytes) -> list[dict[str, str]]:
        """The label sets of a body.

        Raises:
            Refusal: 400 for what has none, 413 for too many.
        """
        try:
            document = json.loads(body.decode("utf-8-sig", "replace"))
        except (ValueError, RecursionError) as error:
            raise _bad(f"the body is no JSON: {error}") from None
        if not isinstance(document, dict):
            raise _bad("the body must be an object with labels or alerts")
        alerts = document.get("alerts")
        if alerts is None:
            alerts = [document]
        if not isinstance(alerts, list):
            raise _bad("alerts must be an array")
        if 0 < self._max_alerts < len(alerts):
            text = f"too many alerts in one request: {len(alerts)} (limit: {self._max_alerts})"
            raise Refusal(handler_error(413, text))
        return [_labels(alert, index) for index, alert in enumerate(alerts)]

    def _rules(self) -> list[dict[str, Any]]:
        rules: list[dict[str, Any]] = json.loads(self._running.live.plan)["inhibit_rules"]
        return rules

    def _names(self) -> list[str]:
        return [rule.name for rule in self._running.live.config.root.inhibit_rules]


def _labels(alert: object, index: int) -> dict[str, str]:
    if not isinstance(alert, dict) or alert.get("labels") is None:
        raise _bad(f"alert {index} has no labels")
    try:
        return label_map(alert["labels"], "labels")
    except BadAlert as error:
        raise _bad(f"alert {index}: {error}") from None


def _bad(text: str) -> Refusal:
    return Refusal(handler_error(400, text))


def _texts(matchers: list[list[str]]) -> list[str]:
    return [str(Matcher(*one)) for one in matchers]


def _fingerprint(shown: dict[str, Any]) -> str:
    text: str = shown["fingerprint"]
    return text
