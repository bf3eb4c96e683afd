"""Who gets what, when, and who is cut."""

from __future__ import annotations

import asyncio
import io
import json
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry

from amp._core import parse_matcher
from amp.log import Logger
from amp.metrics import Metrics
from amp.stream.client import FULL_BYTES, PATIENCE_SWEEPS, Client
from amp.stream.filter import Filter
from amp.stream.hub import (
    HEARTBEAT_SWEEPS,
    LOOK_SECONDS,
    STOPPING,
    SWEEP_LOOKS,
    TOO_MANY,
    TOO_SLOW,
    Hub,
)
from amp.stream.page import MOST_BYTES, MOST_EVENTS
from amp.stream.wire import SseWire
from fakes import START_NS, FakeClock, settle
from streams import MemoryJournal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amp.stream.client import Ending

SWEEP_SECONDS = SWEEP_LOOKS * LOOK_SECONDS
BORN = START_NS // 1000


class Pipe:
    """A connection that takes everything, or nothing."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.open = True
        self.takes = True
        self.unsent = 0

    def write(self, data: bytes) -> None:
        self.written.append(data)
        self.unsent += 0 if self.takes else len(data)

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return not self.open


class LineWire:
    """A line for each frame: `seq json`."""

    name = "lines"

    def frames(self, frames: Any) -> bytes:
        return b"".join(b"%d %b\n" % frame for frame in frames)

    def heartbeat(self, cursor: int) -> bytes:
        return b"%d {}\n" % cursor


class Scene:
    """A hub, its journal and those who listen."""

    def __init__(self, most_clients: int = 10, most_events: int = 10_000) -> None:
        self.clock = FakeClock()
        self.metrics = Metrics(CollectorRegistry())
        self.journal = MemoryJournal(BORN + 100, most_events)
        self.hub = self.made(self.journal, most_clients)

    def made(self, source: Any, most_clients: int = 10) -> Hub:
        return Hub(
            source,
            most_clients,
            clock=self.clock,
            log=Logger(io.StringIO()),
            metrics=self.metrics,
        )

    def listen(
        self, after: int | None = None, kinds: Sequence[str] = (), *matchers: str, wire: Any = None
    ) -> Listener:
        wanted = Filter(kinds, [parse_matcher(text) for text in matchers])
        return Listener(self.hub, wanted, after, wire or LineWire())

    async def look(self, seconds: float = LOOK_SECONDS) -> None:
        await self.clock.advance(seconds)

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


class Listener:
    """A client on a pipe."""

    def __init__(self, hub: Hub, wanted: Filter, after: int | None, wire: Any) -> None:
        self.pipe = Pipe()
        self.leaving: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.client = Client(self.pipe, wire, wanted, after)
        self.task: asyncio.Task[Ending | None] = asyncio.create_task(
            hub.serve(self.client, self.leaving)
        )

    @property
    def got(self) -> list[tuple[str, int]]:
        """Kind and number of every frame."""
        lines = b"".join(self.pipe.written).splitlines()
        events = [json.loads(line.partition(b" ")[2]) for line in lines]
        return [(event["kind"], event["seq"]) for event in events if event]

    async def leave(self) -> None:
        self.leaving.set_result(None)
        assert await self.task is None


async def test_a_client_gets_what_comes_from_now_on() -> None:
    scene = Scene()
    before = scene.journal.add()
    listener = scene.listen()
    await settle()
    event = scene.journal.add()
    await scene.look()
    assert listener.got == [("hello", before), ("received", event)]
    assert scene.value("amp_stream_clients", transport="lines") == 1
    assert scene.value("amp_stream_frames_total") == 1
    await listener.leave()
    assert len(scene.hub) == 0
    assert scene.value("amp_stream_clients", transport="lines") == 0


async def test_the_task_lives_while_there_are_clients() -> None:
    scene = Scene()
    assert len(asyncio.all_tasks()) == 1
    for _ in range(2):
        listener = scene.listen()
        await scene.look()
        assert len(asyncio.all_tasks()) == 3
        await listener.leave()
        await scene.look()
        assert len(asyncio.all_tasks()) == 1


async def test_kinds_and_matchers_choose() -> None:
    scene = Scene()
    everything = scene.listen()
    resolved = scene.listen(None, ["resolved", "config_reloaded"])
    databases = scene.listen(None, [], 'team="db"', "severity!~info|debug")
    await settle()
    first = scene.journal.add("received", team="db", severity="page")
    second = scene.journal.add("resolved", team="web")
    third = scene.journal.add("received", team="db", severity="info")
    fourth = scene.journal.add("config_reloaded")
    await scene.look()
    assert [seq for _, seq in everything.got[1:]] == [first, second, third, fourth]
    assert [seq for _, seq in resolved.got[1:]] == [second, fourth]
    assert [seq for _, seq in databases.got[1:]] == [first]


async def test_equal_clients_share_their_reads() -> None:
    scene = Scene(100)
    same = [scene.listen(None, ["received"], 'a="b"') for _ in range(70)]
    other = scene.listen(None, ["resolved"])
    await scene.look()
    reads = scene.journal.reads
    for _ in range(3):
        scene.journal.add("received", a="b")
        await scene.look()
    assert scene.journal.reads == reads + 6
    assert all(len(listener.got) == 4 for listener in same)
    assert len(other.got) == 1


async def test_a_client_goes_on_where_it_was() -> None:
    scene = Scene()
    seqs = [scene.journal.add() for _ in range(3 * MOST_EVENTS)]
    listener = scene.listen(seqs[9])
    await scene.look()
    assert listener.got == [("hello", seqs[-1]), *(("received", seq) for seq in seqs[10:])]


async def test_forgotten_events_are_told_of() -> None:
    scene = Scene(most_events=5)
    seqs = [scene.journal.add() for _ in range(8)]
    listener = scene.listen(seqs[0])
    await scene.look()
    assert listener.got == [
        ("hello", seqs[-1]),
        ("gap", seqs[0]),
        *(("received", seq) for seq in seqs[3:]),
    ]


async def test_numbers_of_an_earlier_process_are_a_gap() -> None:
    scene = Scene()
    waiting = scene.listen(BORN - 5)
    await scene.look()
    assert waiting.got == [("hello", 0), ("gap", BORN - 5)]
    seqs = [scene.journal.add(), scene.journal.add()]
    old, future = scene.listen(BORN - 5), scene.listen(seqs[1] + 9)
    await scene.look()
    expected = [("received", seq) for seq in seqs]
    assert waiting.got[2:] == expected
    assert old.got == [("hello", seqs[1]), ("gap", BORN - 5), *expected]
    assert future.got == [("hello", seqs[1]), ("gap", seqs[1] + 9), *expected]


async def test_a_slow_client_reads_on_later_and_holds_nobody_up() -> None:
    scene = Scene()
    slow, quick = scene.listen(), scene.listen()
    slow.pipe.takes = False
    await settle()
    seqs = [scene.journal.add(text="x" * 10_000) for _ in range(200)]
    await scene.look()
    assert [seq for _, seq in quick.got[1:]] == seqs
    assert FULL_BYTES <= slow.pipe.unsent < FULL_BYTES + MOST_BYTES + 100
    slow.pipe.takes, slow.pipe.unsent = True, 0
    await scene.look()
    assert [seq for _, seq in slow.got[1:]] == seqs


async def test_a_page_ends_before_it_gets_too_large() -> None:
    scene = Scene()
    listener = scene.listen()
    await settle()
    seqs = [scene.journal.add(text="x" * (MOST_BYTES + size)) for size in (-99_999, 1, 1, -9)]
    await scene.look()
    assert [seq for _, seq in listener.got[1:]] == seqs
    assert max(len(data) for data in listener.pipe.written) < MOST_BYTES + 200


async def test_who_stands_still_is_cut_with_a_notice() -> None:
    scene = Scene()
    still, crawling, quick = scene.listen(), scene.listen(), scene.listen()
    for listener in (still, crawling):
        listener.pipe.takes = False
    await settle()
    seq = scene.journal.add(text="x" * 200_000)
    for _ in range(PATIENCE_SWEEPS + 1):
        crawling.pipe.unsent -= 7_000
        await scene.look(SWEEP_SECONDS)
    assert await still.task == TOO_SLOW
    assert still.got[-1] == ("cut", seq)
    assert not crawling.task.done()
    assert not quick.task.done()
    assert scene.value("amp_stream_cut_total") == 1
    crawling.pipe.unsent = 1
    for _ in range(PATIENCE_SWEEPS + 1):
        await scene.look(SWEEP_SECONDS)
    assert await crawling.task == TOO_SLOW


async def test_heartbeats_tell_browsers_from_where_to_go_on() -> None:
    scene = Scene()
    listener = scene.listen(None, ["resolved"], wire=SseWire())
    await settle()
    seq = scene.journal.add("received")
    await scene.look((HEARTBEAT_SWEEPS + 1) * SWEEP_SECONDS)
    body = b": heartbeat\nid: %d\n\n" % seq
    assert listener.pipe.written[-1] == b"%x\r\n%b\r\n" % (len(body), body)


async def test_one_client_too_many_is_ended() -> None:
    scene = Scene(most_clients=1)
    first = scene.listen()
    await settle()
    assert scene.hub.full
    assert await scene.listen().task == TOO_MANY
    await first.leave()
    assert not scene.hub.full


async def test_closing_ends_every_stream() -> None:
    scene = Scene()
    listeners = [scene.listen(), scene.listen()]
    await settle()
    await scene.hub.close()
    assert [await listener.task for listener in listeners] == [STOPPING, STOPPING]
    assert scene.hub.full
    assert await scene.listen().task == STOPPING


async def test_a_closed_connection_is_not_written_to() -> None:
    scene = Scene()
    listener = scene.listen()
    await settle()
    listener.pipe.open = False
    scene.journal.add()
    await scene.look()
    assert len(listener.got) == 1


class Broken(MemoryJournal):
    def read(self, *given: Any) -> Any:
        if self.reads == 0:
            self.reads += 1
            raise RuntimeError("once")
        return super().read(*given)


async def test_a_fault_is_told_and_streams_go_on() -> None:
    scene = Scene()
    scene.journal = Broken(BORN + 100)
    scene.hub = scene.made(scene.journal)
    listener = scene.listen()
    await settle()
    seq = scene.journal.add()
    await scene.look(2)
    assert listener.got[1:] == [("received", seq)]
    assert scene.value("amp_internal_errors_total", task="stream") == 1
