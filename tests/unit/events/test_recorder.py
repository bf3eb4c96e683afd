from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from amp._core import EventQueue
from amp.config.event_recorder import EventRecorder, FileOutput, StdoutOutput
from amp.errors import AmpError
from amp.events.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from amp.events.output import Event
    from amp.events.recorder import Planned
    from scene import Scene

ONE = EventRecorder(file_outputs=(FileOutput(path="one"),))
TWO = EventRecorder(file_outputs=(FileOutput(path="one"), FileOutput(path="two")))


class Ear:
    """An output that remembers, fails or hangs as it is told."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.heard: list[Event] = []
        self.closed = False
        self.failing: Exception | None = None
        self.hold = threading.Event()
        self.hold.set()
        self.came = threading.Condition()

    def open(self) -> None:
        if self.name == "bad":
            raise AmpError("it cannot be opened")

    def send(self, events: Sequence[Event]) -> list[int]:
        assert self.hold.wait(20)
        if self.failing is not None:
            raise self.failing
        with self.came:
            self.heard += events
            self.came.notify_all()
        return [len(event.line) for event in events]

    async def close(self, seconds: float) -> None:
        self.closed = True

    async def until(self, count: int) -> list[str]:
        """The kinds of what came, once so many came."""

        def wait() -> bool:
            with self.came:
                return self.came.wait_for(lambda: len(self.heard) >= count, 20)

        assert await asyncio.to_thread(wait)
        return [event.kind for event in self.heard]


class Stage:
    """A recorder whose outputs are ears."""

    def __init__(self, scene: Scene, max_bytes: int = 1 << 20) -> None:
        self.queue = EventQueue("here", bytes(16), max_bytes)
        self.ears: dict[str, Ear] = {}
        self.recorder = Recorder(
            self.queue, self.plan, clock=scene.clock, log=scene.log, metrics=scene.metrics
        )

    def plan(self, config: EventRecorder) -> Iterator[Planned]:
        for output in config.file_outputs:
            yield lambda name=output.path: self.made(name), "It failed", {"path": output.path}

    def made(self, name: str) -> Ear:
        self.ears[name] = Ear(name)
        return self.ears[name]

    def record(self, *kinds: str) -> None:
        for kind in kinds:
            self.queue.record(kind, "{}", 1)


async def test_every_output_is_told_of_every_event_in_order(scene: Scene) -> None:
    stage = Stage(scene)
    stage.record("alert_created")
    stage.recorder.start(TWO)
    stage.record("alert_grouped", "notification")
    for ear in stage.ears.values():
        assert await ear.until(3) == ["alert_created", "alert_grouped", "notification"]
    await stage.recorder.close()
    assert all(ear.closed for ear in stage.ears.values())
    key = '{event_type="notification",output="two",result="success"}'
    assert scene.series("events_recorded_total")[key] == 1
    bytes_written = scene.series("event_recorder_bytes_written_total")
    line = stage.ears["one"].heard[2].line
    assert bytes_written['{event_type="notification",output="one"}'] == len(line)


async def test_what_waits_at_the_end_is_told(scene: Scene) -> None:
    stage = Stage(scene)
    stage.recorder.start(ONE)
    stage.record(*["alert_created"] * 3000, "alertmanager_shutdown_event")
    await stage.recorder.close()
    assert len(stage.ears["one"].heard) == 3001


async def test_an_output_that_fails_loses_its_own_events_only(scene: Scene) -> None:
    stage = Stage(scene)
    stage.recorder.start(TWO)
    stage.ears["one"].failing = OSError("disk full")
    stage.record("alert_created")
    await stage.ears["two"].until(1)
    stage.ears["one"].failing = ValueError("a fault of ours")
    stage.record("alert_created")
    await stage.ears["two"].until(2)
    await stage.recorder.close()
    key = '{event_type="alert_created",output="one",result="error"}'
    assert scene.series("events_recorded_total")[key] == 2
    assert len(scene.lines('msg="Failed to write event"')) == 2


async def test_what_the_queue_cannot_hold_is_counted(scene: Scene) -> None:
    stage = Stage(scene, max_bytes=400)
    stage.recorder.start(ONE)
    stage.ears["one"].hold.clear()
    stage.record(*["alert_created"] * 20)
    stage.ears["one"].hold.set()
    await stage.recorder.close()
    dropped = scene.series("events_dropped_total")['{event_type="alert_created"}']
    assert dropped > 0
    assert dropped + len(stage.ears["one"].heard) == 20


async def test_an_output_that_cannot_be_made_at_the_start_is_left_out(scene: Scene) -> None:
    stage = Stage(scene)
    stage.recorder.start(EventRecorder(file_outputs=(FileOutput(path="bad"), *ONE.file_outputs)))
    stage.record("alert_created")
    await stage.ears["one"].until(1)
    await stage.recorder.close()
    assert len(scene.lines("level=ERROR")) == 1
    assert scene.lines('msg="It failed" component=eventrecorder path=bad err="it cannot')


async def test_a_reload_swaps_outputs(scene: Scene) -> None:
    stage = Stage(scene)
    stage.recorder.start(ONE)
    stage.record("alert_created")
    old = stage.ears["one"]
    await old.until(1)
    await stage.recorder.apply(ONE)
    assert stage.ears["one"] is old
    assert scene.stream.getvalue() == ""
    await stage.recorder.apply(TWO)
    stage.record("notification")
    await stage.ears["two"].until(1)
    await stage.recorder.close()
    assert old.closed
    assert len(old.heard) == 1
    assert scene.lines('msg="Event recorder configuration reloaded" component=eventrecorder outp')


async def test_a_reload_that_fails_keeps_the_outputs(scene: Scene) -> None:
    stage = Stage(scene)
    stage.recorder.start(ONE)
    old = stage.ears["one"]
    await stage.recorder.apply(
        EventRecorder(file_outputs=(*TWO.file_outputs, FileOutput(path="bad")))
    )
    stage.record("alert_created")
    await old.until(1)
    assert stage.ears["two"].closed
    await stage.recorder.close()
    assert scene.lines("Failed to reload event recorder outputs; keeping existing outputs")


@pytest.mark.parametrize(
    "config", [EventRecorder(), EventRecorder(stdout_outputs=(StdoutOutput(),))]
)
async def test_without_outputs_events_go_nowhere(scene: Scene, config: EventRecorder) -> None:
    stage = Stage(scene)
    stage.recorder.start(config)
    stage.record("alert_created")
    await stage.recorder.close()
    assert len(stage.queue) == 0
