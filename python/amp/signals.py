"""What the process was asked by signals, from the first moment on.

A signal that comes while the process still starts must not be lost, and as process 1 of a
container it would be: the kernel drops what nobody has asked for.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from types import FrameType

STOP = (signal.SIGTERM, signal.SIGINT)
RELOAD = signal.SIGHUP


class Signals:
    """SIGTERM and SIGINT ask to stop, SIGHUP to reload; asked twice counts as once.

    `heed` as early as may be, `connect` once there is a loop, `ignore` after the last work. All
    of them on the main thread.
    """

    def __init__(self) -> None:
        self._came: set[int] = set()

    def heed(self) -> None:
        """Remembers what comes from now on."""
        for number in (*STOP, RELOAD):
            signal.signal(number, self._remember)

    def _remember(self, number: int, _: FrameType | None) -> None:
        self._came.add(number)

    def connect(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        stop: Callable[[], object],
        reload: Callable[[], object],
    ) -> None:
        """Calls back on the loop from now on, also for what came before."""
        for number in STOP:
            loop.add_signal_handler(number, stop)
        loop.add_signal_handler(RELOAD, reload)
        if self._came.intersection(STOP):
            stop()
        if RELOAD in self._came:
            reload()

    def ignore(self, loop: asyncio.AbstractEventLoop) -> None:
        """Lets nothing disturb the end: who is impatient asks twice, and the exit code stays 0."""
        for number in (*STOP, RELOAD):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)
