"""Tasks that fail are started again; those that end or are cancelled are not."""

from __future__ import annotations

import asyncio
import io

import pytest
from prometheus_client import CollectorRegistry

from amp.log import Logger
from amp.metrics import Metrics
from amp.supervisor import keep
from fakes import FakeClock


async def test_a_fault_is_told_counted_and_overcome() -> None:
    clock, output, registry = FakeClock(), io.StringIO(), CollectorRegistry()
    faults: list[Exception] = [ZeroDivisionError("a"), ExceptionGroup("b", [KeyError("c")])]

    async def work() -> None:
        if faults:
            raise faults.pop(0)

    task = asyncio.create_task(
        keep("work", work, clock=clock, log=Logger(output), metrics=Metrics(registry))
    )
    await clock.advance(3)
    assert task.done()
    assert task.exception() is None
    assert registry.get_sample_value("amp_internal_errors_total", {"task": "work"}) == 2
    assert "ZeroDivisionError: a" in output.getvalue()
    assert "KeyError: 'c'" in output.getvalue()


async def test_cancelling_ends_it() -> None:
    async def work() -> None:
        await asyncio.Event().wait()

    clock, metrics = FakeClock(), Metrics(CollectorRegistry())
    task = asyncio.create_task(
        keep("work", work, clock=clock, log=Logger(io.StringIO()), metrics=metrics)
    )
    await clock.advance(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
