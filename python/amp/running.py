"""What the HTTP doors see of the running process."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from amp._core import Engine, Journal
    from amp.cache.cache import Cache
    from amp.clock import Clock
    from amp.history.history import History
    from amp.live import Live
    from amp.log import Logger
    from amp.metrics import Metrics
    from amp.store.health import StoreHealth
    from amp.store.silences import Silences
    from amp.store.writer import Writer
    from amp.stream.hub import Hub


@dataclass(slots=True)
class Running:
    """The state that outlives configurations, and the configuration that runs.

    Attributes:
        live: replaced as a whole on reload.
        reload: loads the configuration again; raises ConfigError.
        peer: this replica's name and address, None when the cluster is off.
        started_at: RFC 3339 with milliseconds.
        stream: whoever listens to events.
        journal: is told of every event.
        cache: keeps the history's answers.
        history: keeps them; None: `--amp.history.retention=0`.
        opened: whether stored state is back, so that notifications are decided.
    """

    engine: Engine
    silences: Silences
    writer: Writer
    health: StoreHealth
    clock: Clock
    log: Logger
    metrics: Metrics
    live: Live
    matcher_mode: str
    started_at: str
    peer: tuple[str, str] | None
    reload: Callable[[], Awaitable[None]]
    opened: bool = False
    stream: Hub | None = None
    journal: Journal | None = None
    history: History | None = None
    cache: Cache | None = None

    def cluster(self) -> dict[str, object]:
        """The `cluster` object of the status."""
        if self.peer is None:
            return {"peers": [], "status": "disabled"}
        name, address = self.peer
        return {"name": name, "peers": [{"address": address, "name": name}], "status": "ready"}

    def restored(self, timers: list[tuple[int, int, bool]]) -> None:
        """Takes the groups of alerts that came back late: the store was away at the start."""
        self.live.dispatcher.add(timers, self.clock.now_ns())

    def parts(self) -> dict[str, dict[str, str]]:
        """The state of each part, for probes: `ok`, `degraded` or `error`, with the reason."""
        store = {"status": "ok"}
        if not self.opened:
            store = {"status": "error", "detail": self.health.detail or "still opening"}
        elif not self.health.ok:
            store = {"status": "degraded", "detail": self.health.detail}
        parts = {"config": {"status": "ok"}, "store": store, "delivery": {"status": "ok"}}
        if self.history is not None:
            parts["history"] = _history(self.history)
        return parts

    def refused(self, method: str, path: str, message: str, **attributes: object) -> None:
        """Logs a request of the API that was refused. Upstream: api/v2/api.go requestLogger."""
        self.log.error(
            message, component="api", version="v2", path=path, method=method, **attributes
        )

    def limited(self, alertnames: Sequence[str]) -> None:
        """Counts and logs alerts that the per-alertname limit dropped."""
        for alertname, count in sorted(Counter(alertnames).items()):
            self.metrics.limited(alertname, count)
            self.log.warn(
                "error on set alert",
                component="provider",
                alertname=alertname,
                err="alert limited",
            )


def _history(history: History) -> dict[str, str]:
    """Never an error: nobody needs a history to be paged."""
    health = history.health
    if health.ok and history.writer.opened:
        return {"status": "ok"}
    lost = f"; {health.dropped} events lost" if health.dropped else ""
    return {"status": "degraded", "detail": f"{health.detail or 'still opening'}{lost}"}
