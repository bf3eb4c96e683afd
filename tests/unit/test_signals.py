"""Signals that come before there is a loop, while there is one, and after it."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import pytest
import uvloop

from amp.signals import RELOAD, STOP, Signals

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _kept() -> Iterator[None]:
    """The handlers of the test run itself."""
    before = {number: signal.getsignal(number) for number in (*STOP, RELOAD)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", STOP)
@pytest.mark.parametrize("early", [True, False])
def test_a_stop_is_never_lost(number: signal.Signals, early: bool) -> None:
    signals = Signals()
    signals.heed()
    if early:
        os.kill(os.getpid(), number)

    async def serve() -> None:
        stop, reload = asyncio.Event(), asyncio.Event()
        signals.connect(asyncio.get_running_loop(), stop=stop.set, reload=reload.set)
        if not early:
            os.kill(os.getpid(), number)
        async with asyncio.timeout(30):
            await stop.wait()
        assert not reload.is_set()
        signals.ignore(asyncio.get_running_loop())
        os.kill(os.getpid(), number)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
    os.kill(os.getpid(), number)


def test_early_hangups_count_as_one() -> None:
    signals, reloads = Signals(), []
    signals.heed()
    for _ in range(3):
        os.kill(os.getpid(), signal.SIGHUP)

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        signals.connect(loop, stop=pytest.fail, reload=lambda: reloads.append(1))
        signals.ignore(loop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
    assert reloads == [1]
