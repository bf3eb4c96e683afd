"""Keeps tasks alive: a fault of ours in one of them must not end notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from amp.clock import Clock
    from amp.log import Logger
    from amp.metrics import Metrics

PAUSE_SECONDS = 1.0


async def keep(
    name: str,
    work: Callable[[], Awaitable[None]],
    *,
    clock: Clock,
    log: Logger,
    metrics: Metrics,
) -> None:
    """Runs the work until it returns or is cancelled; after a fault it is started again.

    Args:
        name: the task's name in the log and in `amp_internal_errors_total`.
        work: what is run, from its beginning each time.
        clock: waits between attempts.
        log: where faults are told.
        metrics: where they are counted.
    """
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001  # the supervisor's edge
            metrics.loop_errors.labels(name).inc()
            log.error("task failed, started again", task=name, err=_text(error))
            await clock.sleep(PAUSE_SECONDS)
        else:
            return


def _text(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(_text(inner) for inner in error.exceptions)
    return f"{type(error).__name__}: {error}"
