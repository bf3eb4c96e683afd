"""Tells every output of every event, on a thread of its own.

Upstream: eventrecorder/recorder.go.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from typing import TYPE_CHECKING

from amp.clock import SECOND_NS
from amp.errors import AmpError
from amp.events.output import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from amp._core import EventQueue
    from amp.clock import Clock
    from amp.config.event_recorder import EventRecorder as Config
    from amp.events.output import Output
    from amp.log import Logger
    from amp.metrics.events import EventMetrics

TAKEN_AT_ONCE = 256
WAIT_SECONDS = 60.0
CLOSE_SECONDS = 4.0
"""All of a shutdown's time that events may take."""
REPLACED_SECONDS = 30.0
"""How long an output that a reload took away may go on with what it holds."""

Planned = tuple["Callable[[], Output]", str, dict[str, object]]
"""How to make an output, and the line for the log (message, attributes) when that fails."""


class Recorder:
    """Fans events out. Whoever lags or fails loses its own events only, and nobody waits for it.

    Args:
        queue: where events come from; bounded, what does not fit is counted there.
        plan: the outputs of a configuration, in order.
    """

    def __init__(
        self,
        queue: EventQueue,
        plan: Callable[[Config], Iterable[Planned]],
        *,
        clock: Clock,
        log: Logger,
        metrics: EventMetrics,
    ) -> None:
        self._queue = queue
        self._plan = plan
        self._clock = clock
        self._log = log.bind(component="eventrecorder")
        self._metrics = metrics
        self._config: Config | None = None
        self._outputs: tuple[Output, ...] = ()
        self._telling = threading.Lock()
        self._stopping = False
        self._leaving: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)

    def start(self, config: Config) -> None:
        """Begins with the outputs that can be made; the others are told of in the log."""
        self._config = config
        self._outputs = tuple(self._made(config)[0])
        self._thread.start()

    async def apply(self, config: Config) -> None:
        """Takes the outputs of a new configuration, unless one of them cannot be made."""
        if config == self._config:
            return
        outputs, whole = self._made(config)
        if not whole:
            self._log.error("Failed to reload event recorder outputs; keeping existing outputs")
            await asyncio.gather(*(output.close(0) for output in outputs))
            return
        replaced = await asyncio.to_thread(self._swap, tuple(outputs))
        self._config = config
        for output in replaced:
            task = asyncio.create_task(self._close(output, REPLACED_SECONDS))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
        self._log.info("Event recorder configuration reloaded", outputs=len(outputs))

    async def close(self) -> None:
        """Tells what still waits and closes the outputs, within the time of a shutdown."""
        end_ns = self._clock.now_ns() + int(CLOSE_SECONDS * SECOND_NS)
        self._stopping = True
        self._queue.wake()
        await asyncio.to_thread(self._thread.join, CLOSE_SECONDS / 2)
        seconds = max(0.0, (end_ns - self._clock.now_ns()) / SECOND_NS)
        await asyncio.gather(*(self._close(output, seconds) for output in self._outputs))
        for task in self._leaving:
            task.cancel()
        await asyncio.gather(*self._leaving, return_exceptions=True)

    def _made(self, config: Config) -> tuple[list[Output], bool]:
        """The outputs that could be made, and whether these are all."""
        outputs: list[Output] = []
        whole = True
        for make, message, attributes in self._plan(config):
            try:
                output = make()
                output.open()
            except AmpError as error:
                whole = False
                self._log.error(message, **attributes, err=error)
            else:
                outputs.append(output)
        return outputs, whole

    async def _close(self, output: Output, seconds: float) -> None:
        try:
            await output.close(seconds)
        except OSError as error:
            self._log.error("Failed to close event recorder output", err=error)

    def _swap(self, outputs: tuple[Output, ...]) -> tuple[Output, ...]:
        with self._telling:
            replaced, self._outputs = self._outputs, outputs
        return replaced

    def _run(self) -> None:
        while True:
            # A wake that came while there were events is over: at the end nobody waits.
            seconds = 0.0 if self._stopping else WAIT_SECONDS
            events = [Event(*event) for event in self._queue.take(TAKEN_AT_ONCE, seconds)]
            for kind, count in self._queue.take_drops():
                self._metrics.dropped.labels(kind).inc(count)
            if events:
                with self._telling:
                    self._tell(events)
            elif self._stopping:
                return

    def _tell(self, events: Sequence[Event]) -> None:
        for output in self._outputs:
            try:
                sizes = output.send(events)
            except Exception as error:  # noqa: BLE001  # the supervisor's edge: one output never stops others
                self._count(output, events, None)
                self._log.error(
                    "Failed to write event",
                    event_type=events[0].kind,
                    output=output.name,
                    err=error,
                    events=len(events),
                )
            else:
                self._count(output, events, sizes)

    def _count(self, output: Output, events: Sequence[Event], sizes: Sequence[int] | None) -> None:
        counts: dict[str, int] = defaultdict(int)
        written: dict[str, int] = defaultdict(int)
        for at, event in enumerate(events):
            counts[event.kind] += 1
            written[event.kind] += 0 if sizes is None else sizes[at]
        result = "error" if sizes is None else "success"
        for kind, count in counts.items():
            self._metrics.recorded.labels(kind, output.name, result).inc(count)
            if sizes is not None:
                self._metrics.written_bytes.labels(kind, output.name).inc(written[kind])
