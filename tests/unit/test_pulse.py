"""The loop's lag and the pauses in which Python looks for garbage."""

from __future__ import annotations

import asyncio
import gc

from prometheus_client import CollectorRegistry

from amp.metrics import Metrics
from amp.pulse import BEAT_SECONDS, GarbagePauses, feel_pulse
from fakes import FakeClock


async def test_the_lag_is_what_the_loop_came_late() -> None:
    clock, metrics = FakeClock(), Metrics(CollectorRegistry())
    moments = iter((10.0, 10.0 + BEAT_SECONDS + 0.02, 20.0, 20.0 + BEAT_SECONDS))
    task = asyncio.create_task(feel_pulse(clock, metrics, lambda: next(moments, 30.0)))
    await clock.advance(2 * BEAT_SECONDS)
    task.cancel()
    bucket = metrics.registry.get_sample_value
    assert bucket("amp_loop_lag_seconds_bucket", {"le": "0.01"}) == 1
    assert bucket("amp_loop_lag_seconds_bucket", {"le": "0.025"}) == 2


def test_a_search_for_garbage_is_a_pause() -> None:
    metrics = Metrics(CollectorRegistry())
    with GarbagePauses(metrics):
        gc.collect()
    gc.collect()
    assert metrics.registry.get_sample_value("amp_gc_pause_seconds_count") == 1
