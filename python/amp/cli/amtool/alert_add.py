"""`amtool alert add` (Upstream: cli/alert_add.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.cli.amtool.given_time import given_time
from amp.cli.amtool.moment import ZERO

if TYPE_CHECKING:
    from amp.cli.amtool.api import Api
    from amp.cli.amtool.invocation import Invocation


def add_alert(invocation: Invocation) -> None:
    """Posts one alert."""
    values = invocation.values
    texts = invocation.with_alertname(values.texts("labels"))
    labels = invocation.pairs(texts, "labels must be specified as key=value pairs")
    annotations = invocation.pairs(
        values.texts("annotation"), "annotations must be specified as key=value pairs"
    )
    start = given_time(values.text("start") or ZERO)
    end = given_time(values.text("end") or ZERO)
    alert: dict[str, object] = {"annotations": annotations} if annotations else {}
    alert |= {"endsAt": end, "startsAt": start}
    if values.text("generator-url"):
        alert["generatorURL"] = values.text("generator-url")
    alert["labels"] = labels

    async def post(api: Api) -> None:
        from amp.cli.amtool.api import POST_ALERTS

        await api.call(POST_ALERTS, body=[alert])

    invocation.ask(post)
