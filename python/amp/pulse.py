"""How long the process stands still: the loop behind its timers, Python looking for garbage."""

from __future__ import annotations

import gc
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from amp.clock import Clock
    from amp.metrics import Metrics

BEAT_SECONDS = 0.5


async def feel_pulse(
    clock: Clock, metrics: Metrics, now: Callable[[], float] = perf_counter
) -> None:
    """Measures how late the loop comes back, until cancelled.

    Args:
        clock: waits.
        metrics: gets the lag.
        now: seconds that only grow.
    """
    while True:
        due = now() + BEAT_SECONDS
        await clock.sleep(BEAT_SECONDS)
        metrics.loop_lag.observe(max(0.0, now() - due))


class GarbagePauses:
    """Measures each search for garbage; `with` it as long as the process serves."""

    def __init__(self, metrics: Metrics) -> None:
        self._pause = metrics.gc_pause
        self._began = 0.0

    def __enter__(self) -> None:
        gc.callbacks.append(self._called)

    def __exit__(self, *_: object) -> None:
        gc.callbacks.remove(self._called)

    def _called(self, phase: str, info: dict[str, Any]) -> None:
        if phase == "start":
            self._began = perf_counter()
        else:
            self._pause.observe(perf_counter() - self._began)
