"""`amtool alert query` (Upstream: cli/alert_query.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.cli.amtool.alerts_view import alerts_text

if TYPE_CHECKING:
    from amp.cli.amtool.api import Api
    from amp.cli.amtool.invocation import Invocation

STATES = ("active", "inhibited", "silenced", "unprocessed")


def query_alerts(invocation: Invocation) -> None:
    """Shows the alerts that are in one of the wanted states and fit all matchers."""
    values = invocation.values
    filters = invocation.with_alertname(values.texts("matcher-groups"))
    wanted = {state: values.given(state) for state in STATES}
    if not any(wanted.values()):
        wanted["active"] = True
    query = [(state, "true" if value else "false") for state, value in wanted.items()]
    query += [("filter", text) for text in filters]
    if values.text("receiver"):
        query.append(("receiver", values.text("receiver")))

    async def get(api: Api) -> list[dict[str, object]]:
        from amp.cli.amtool.api import GET_ALERTS

        return await api.call(GET_ALERTS, query=query) or []

    alerts = invocation.ask(get)
    invocation.write(alerts_text(alerts, values.text("output"), values.text("date.format")))
