"""Questions to the history, on both stores, and what becomes of those that take too long."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amp.errors import StoreUnavailable
from amp.history.history import History
from amp.history.postgres import PostgresHistory
from amp.history.readers import MOST_WAITING, THREADS, Readers
from amp.history.retention import Budget
from amp.history.sqlite import SqliteHistory
from amp.log import Logger
from fakes import FakeClock, settle
from history_play import Play

if TYPE_CHECKING:
    from collections.abc import Callable

    from amp.history.base import HistoryStore, Reader
    from servers import Postgres

SLOW = {
    "sqlite": (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    ),
    "postgres": "SELECT pg_sleep(1000)",
}


def history(play: Play) -> History:
    """The facade over a play's parts."""
    return History(
        play.store, play.journal, play.engine, play.budget,
        settled=lambda: True, clock=play.clock, log=Logger(play.log), metrics=play.metrics,
    )  # fmt: skip


def names(reader: Reader) -> list[str]:
    return [row[0] for row in reader.rows("SELECT alert_name FROM note WHERE id > ?", (0,))]


async def test_an_answer_is_of_one_moment(make_store: Callable[[], HistoryStore]) -> None:
    play = Play(make_store())
    play.post("A")
    play.write()
    asked = history(play)
    with pytest.raises(StoreUnavailable, match="not open yet"):
        await asked.read(names)
    asked.writer.opened = True
    begun, written = threading.Event(), threading.Event()

    def twice(reader: Reader) -> tuple[list[str], list[str]]:
        before = names(reader)
        begun.set()
        written.wait(30)
        return before, names(reader)

    task = asyncio.create_task(asked.read(twice))
    await asyncio.to_thread(begun.wait, 30)
    play.post("B")
    play.write()
    written.set()
    assert await task == (["A"], ["A"])
    assert sorted(await asked.read(names)) == ["A", "B"]
    await asked.close()


async def test_json_comes_as_text(make_store: Callable[[], HistoryStore]) -> None:
    play = Play(make_store())
    play.post("A")
    play.write()
    readers = Readers(play.store.reader, play.clock)
    ((labels,),) = await readers.read(lambda reader: reader.rows("SELECT labels FROM series"))
    assert isinstance(labels, str)
    readers.close()


async def test_a_question_ends_in_time(make_store: Callable[[], HistoryStore]) -> None:
    play = Play(make_store())
    play.write()
    readers = Readers(play.store.reader, play.clock)
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(reader: Reader) -> None:
        loop.call_soon_threadsafe(begun.set)
        reader.rows(SLOW[reader.dialect])

    asking = asyncio.create_task(readers.read(slow))
    await begun.wait()
    await play.clock.advance(11)
    with pytest.raises(StoreUnavailable, match="within 10 seconds"):
        await asking
    assert await readers.read(lambda reader: reader.rows("SELECT 1")) == [(1,)]
    readers.close()


async def test_who_goes_away_frees_the_thread(tmp_path: Path) -> None:
    play = Play(SqliteHistory(tmp_path / "history.db"))
    play.write()
    readers = Readers(play.store.reader, play.clock)
    asking = [
        asyncio.create_task(readers.read(lambda reader: reader.rows(SLOW["sqlite"])))
        for _ in range(THREADS + 2)
    ]
    await settle()
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    assert await readers.read(lambda reader: reader.rows("SELECT 1")) == [(1,)]
    readers.close()


async def test_a_crowd_is_refused(tmp_path: Path) -> None:
    play = Play(SqliteHistory(tmp_path / "history.db"))
    play.write()
    readers = Readers(play.store.reader, FakeClock())
    door = threading.Event()

    def waiting(reader: Reader) -> None:
        del reader
        door.wait(30)

    asking = [asyncio.create_task(readers.read(waiting)) for _ in range(THREADS + MOST_WAITING)]
    await settle()
    with pytest.raises(StoreUnavailable, match="too many questions"):
        await readers.read(waiting)
    door.set()
    await asyncio.gather(*asking)
    readers.close()


async def test_a_reader_survives_the_server(postgres: Postgres) -> None:
    play = Play(PostgresHistory(postgres.database()))
    play.post("A")
    play.write()
    readers = Readers(play.store.reader, play.clock)
    assert await readers.read(names) == ["A"]
    postgres.stop()
    try:
        with pytest.raises(StoreUnavailable, match="PostgreSQL: "):
            await readers.read(names)
    finally:
        postgres.start()
    assert await readers.read(names) == ["A"]
    readers.close()
    play.store.close()


async def test_a_fault_of_who_asks_is_theirs(make_store: Callable[[], HistoryStore]) -> None:
    play = Play(make_store())
    play.write()
    readers = Readers(play.store.reader, play.clock)
    with pytest.raises(Exception, match="nonsense"):
        await readers.read(lambda reader: reader.rows("SELECT nonsense"))
    assert await readers.read(lambda reader: reader.rows("SELECT 1")) == [(1,)]
    readers.close()


async def test_the_thread_writes_and_ends(make_store: Callable[[], HistoryStore]) -> None:
    play = Play(make_store(), Budget(3600.0))
    kept = history(play)
    kept.start()
    play.post("A")
    play.post("B")
    await kept.close()
    again = Play(make_store())
    again.store.open()
    assert again.count("episode") == 2, "what waited was written at the end"


def held(path: Path) -> list[str]:
    """Files of this name that are removed and take their room still."""
    links = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return [name for name in links if name.startswith(str(path)) and name.endswith(" (deleted)")]


async def test_a_history_that_is_cleared_takes_no_room(tmp_path: Path) -> None:
    """A reader that has the removed file open would keep the volume full."""
    store = SqliteHistory(tmp_path / "history.db")
    play = Play(store)
    asked = history(play)
    play.post("A")
    asked.writer.turn(0)
    begun, cleared = threading.Event(), threading.Event()

    def slowly(reader: Reader) -> list[str]:
        found = names(reader)
        begun.set()
        assert cleared.wait(30)
        return found

    answering = asyncio.create_task(asked.read(slowly))
    await asyncio.to_thread(begun.wait, 30)
    assert await asked.read(names) == ["A"]
    asked.writer.retention.hopeless = True
    asked.writer.turn(0)
    assert "History is cleared" in play.log.getvalue()
    assert held(store.path)  # by the one that answers
    cleared.set()
    assert await answering == ["A"]
    assert held(store.path) == []
    asked.writer.turn(0)
    await asked.read(names)
    assert held(store.path) == []
    await asked.close()
