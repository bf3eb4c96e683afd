"""Stores that break, and what is left of the history then."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from amp.errors import AmpError, StoreUnavailable
from amp.history.postgres import PostgresHistory
from amp.history.sqlite import SqliteHistory
from amp.store.postgres import PostgresStore
from history_play import Play

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from amp.history.base import HistoryStore
    from servers import Postgres


def turn(play: Play, turns: int = 4) -> None:
    for _ in range(turns):
        play.writer.turn(0)


async def test_a_server_that_dies_and_comes_back(postgres: Postgres) -> None:
    play = Play(PostgresHistory(postgres.database()))
    play.post("A")
    play.write()
    postgres.stop()
    try:
        play.post("B")
        turn(play)
        play.post("C")
        turn(play)
        health = play.writer.measured()
        assert not health.ok
        assert health.detail.startswith("PostgreSQL: ")
        assert health.waiting > 0
    finally:
        postgres.start()
    turn(play)
    assert play.writer.health.ok
    assert play.count("episode") == 3
    assert [row[0] for row in play.rows("SELECT fires FROM series ORDER BY id")] == [1, 1, 1]
    assert "History is written again" in play.log.getvalue()
    play.store.close()


async def test_a_server_that_is_away_at_the_start(postgres: Postgres) -> None:
    url = postgres.database()
    play = Play(PostgresHistory(url), queue_bytes=8192)
    postgres.stop()
    try:
        turn(play)
        for number in range(200):
            play.post(f"A{number}")
            play.post(f"A{number}", ends=True)
        assert not play.writer.opened
    finally:
        postgres.start()
    turn(play, 8)
    assert play.writer.health.ok
    assert play.writer.health.dropped > 100
    assert play.count("event") == play.writer.written
    play.store.close()


async def test_a_line_that_broke_while_nobody_used_it(postgres: Postgres) -> None:
    play = Play(PostgresHistory(postgres.database()))
    play.post("A")
    play.write()
    postgres.stop()
    postgres.start()
    play.post("B")
    play.writer.turn(0)
    turn(play)
    assert play.writer.health.dropped == 0
    assert play.count("episode") == 2
    play.store.close()


async def test_only_who_holds_the_state_writes(postgres: Postgres) -> None:
    url = postgres.database()
    state = PostgresStore(url)
    state.open()
    play = Play(PostgresHistory(url))
    play.post("A")
    play.write()
    other = Play(PostgresHistory(url), clock=play.clock)
    other.post("B")
    other.write()
    play.post("C")
    play.writer.turn(0)
    assert "another process writes the history" in play.writer.health.detail
    for store in (state, play.store, other.store):
        store.close()


async def test_a_full_file(tmp_path: Path) -> None:
    store = SqliteHistory(tmp_path / "history.db")
    play = Play(store, queue_bytes=65536)
    play.post("A")
    play.write()
    connection = store._opened()
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 5}")
    for number in range(300):
        play.post(f"B{number}", summary="x" * 200)
    turn(play)
    assert play.writer.health.detail == "history.db: database or disk is full"
    assert play.writer.measured().waiting > 0
    for number in range(300):
        play.post(f"C{number}", summary="x" * 200)
    connection.execute("PRAGMA max_page_count = 1000000")
    turn(play, 8)
    assert play.writer.health.ok
    assert play.writer.health.dropped > 0
    assert play.rows("SELECT count(*) FROM note WHERE alert_name IN ('A', 'C299')") == [(2,)]
    store.close()


@pytest.mark.parametrize("damage", ["not a database" * 500, ""])
def test_a_damaged_file_is_moved_aside(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "history.db"
    path.write_text(damage)
    play = Play(SqliteHistory(path))
    play.post("A")
    turn(play)
    assert play.writer.health.ok
    assert play.count("episode") == 1
    asides = [item.name for item in tmp_path.iterdir() if "corrupt" in item.name]
    assert len(asides) == bool(damage)
    play.store.close()


async def test_a_file_that_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    play = Play(SqliteHistory(path))
    play.post("A")
    play.write()
    path.unlink()
    await play.later(60)
    play.post("B")
    turn(play)
    await play.later(60)
    turn(play)
    assert play.writer.health.ok
    alert_names = "SELECT alert_name FROM note ORDER BY alert_name"
    assert play.rows(alert_names) == [("A",), ("B",)], "what fires was told again"
    play.store.close()


async def test_tables_of_a_newer_release(make_store: Callable[[], HistoryStore]) -> None:
    play = Play(make_store())
    play.write()
    store = play.store
    if isinstance(store, SqliteHistory):
        with sqlite3.connect(store.path) as connection:
            connection.execute("INSERT INTO schema_version VALUES (99)")
    else:
        assert isinstance(store, PostgresHistory)
        store._connected().execute("INSERT INTO history_schema_version (version) VALUES (99)")
    with pytest.raises(AmpError, match="a newer release wrote it"):
        make_store().open()


async def test_a_folder_that_takes_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    play = Play(SqliteHistory(folder / "history.db"))
    play.post("A")
    turn(play)
    assert not play.writer.health.ok
    assert not play.writer.opened
    folder.mkdir()
    turn(play)
    assert play.count("episode") == 1
    play.store.close()


def test_a_reader_without_a_file(tmp_path: Path) -> None:
    reader = SqliteHistory(tmp_path / "history.db").reader()
    with pytest.raises(StoreUnavailable, match="does not exist"):
        reader.begin()
    assert list(tmp_path.iterdir()) == []
