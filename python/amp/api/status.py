"""`/api/v2/status` and `/api/v2/receivers`. Upstream: api/v2/api.go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.api.alerts import labels_match, receiver_matchers
from amp.api.answer import Answer, go_json, ok
from amp.api.request import check_accept
from amp.options import UPSTREAM_VERSION

if TYPE_CHECKING:
    from amp.api.request import Request
    from amp.running import Running

VERSION_INFO = {
    "branch": "HEAD",
    "buildDate": "",
    "buildUser": "",
    "goVersion": "",
    "revision": "",
    "version": UPSTREAM_VERSION,
}
"""What `versionInfo` says: the upstream release that AMP is compatible with."""


class StatusApi:
    """Shows the process and its configuration."""

    def __init__(self, running: Running) -> None:
        self._running = running

    async def status(self, request: Request) -> Answer:
        """This replica, its effective configuration with secrets hidden, versions."""
        check_accept(request)
        running = self._running
        document = {
            "cluster": running.cluster(),
            "config": {"original": running.live.config_yaml},
            "uptime": running.started_at,
            "versionInfo": VERSION_INFO,
        }
        return ok(go_json(document) + b"\n")

    async def receivers(self, request: Request) -> Answer:
        """All receivers of the configuration in its order."""
        check_accept(request)
        matchers = receiver_matchers(request, self._running.matcher_mode)
        chosen = [
            {"labels": dict(sorted(receiver.labels.items())), "name": receiver.name}
            for receiver in self._running.live.config.receivers
            if labels_match(matchers, receiver.labels)
        ]
        return ok(go_json(chosen) + b"\n")
