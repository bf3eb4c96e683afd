"""What the writer makes of what happens, on both stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from history_play import Play

if TYPE_CHECKING:
    from collections.abc import Callable

    from amp.history.base import HistoryStore

EPISODES = """
SELECT series_id, ends_at_ns - starts_at_ns, ended_by FROM episode
ORDER BY series_id, starts_at_ns"""


async def test_an_episode_begins_changes_and_ends(make_store: Callable[[], HistoryStore]) -> None:
    play = Play(make_store())
    play.post("A", summary="disk full")
    play.write()
    assert play.rows(EPISODES) == [(1, None, 0)]
    assert play.rows("SELECT open_at_ns IS NULL, fires FROM series") in ([(0, 1)], [(False, 1)])
    await play.later(60)
    play.post("A", summary="disk very full")
    play.write()
    assert play.count("note") == 2
    await play.later(60)
    play.post("A", ends=True, summary="disk very full")
    play.write()
    ((series, lasted, ended_by),) = play.rows(EPISODES)
    assert (series, lasted // 10**9, ended_by) == (1, 120, 1)
    kinds = [row[0] for row in play.rows("SELECT kind FROM event ORDER BY seq")]
    assert kinds == [1, 6, 2, 3]
    assert play.writer.written >= 4, "what is announced again makes no row"
    assert play.writer.generation == play.journal.last_seq()


async def test_a_second_episode_of_a_series_after_a_restart(
    make_store: Callable[[], HistoryStore],
) -> None:
    play = Play(make_store())
    play.post("A", "B")
    await play.later(60)
    play.post("A", "B", ends=True)
    play.write()
    await play.later(60)
    again = Play(make_store(), clock=play.clock)
    again.post("B", "C")
    again.write()
    assert [row[0] for row in again.rows(EPISODES)] == [1, 2, 2, 3]
    assert again.rows("SELECT id, fires FROM series ORDER BY id") == [(1, 1), (2, 2), (3, 1)]
    assert again.count("note") == 3, "one for each alert name"


async def test_what_ended_while_nobody_looked_is_ended_at_the_start(
    make_store: Callable[[], HistoryStore],
) -> None:
    play = Play(make_store())
    play.post("A", "B")
    play.write()
    await play.later(60)
    again = Play(make_store(), clock=play.clock, settled=False)
    again.write()
    assert [row[2] for row in again.rows(EPISODES)] == [0, 0], "stored alerts may come back"
    again.settled = True
    again.post("C")
    again.write()
    assert [row[2] for row in again.rows(EPISODES)] == [3, 3, 0]


async def test_an_overflow_is_counted_and_mended(make_store: Callable[[], HistoryStore]) -> None:
    play = Play(make_store(), queue_bytes=16384)
    play.post("A")
    play.write()
    await play.later(60)
    play.post("A", ends=True)
    play.post("B")
    for number in range(100):
        play.post(f"X{number}")
        play.post(f"X{number}", ends=True)
    play.write(6)
    dropped = play.writer.health.dropped
    assert dropped > 50
    assert play.writer.health.ok, "what is lost is lost: it is written again"
    ended = "SELECT count(*) FROM episode WHERE ended_by > 0"
    assert play.rows(f"{ended} AND series_id = 1") == [(1,)], "its end was lost"
    fires = "SELECT count(*) FROM series WHERE open_at_ns IS NOT NULL"
    assert play.rows(fires) == [(1,)], "the beginning of B was told again"


async def test_ends_by_time(make_store: Callable[[], HistoryStore]) -> None:
    play = Play(make_store())
    play.post("A")
    await play.later(301)
    assert play.engine.expire(play.clock.now_ns()) == 1
    play.write()
    ((_, lasted, ended_by),) = play.rows(EPISODES)
    assert (lasted // 10**9, ended_by) == (300, 2)


async def test_nul_and_long_words_are_taken(make_store: Callable[[], HistoryStore]) -> None:
    play = Play(make_store())
    play.post("A", summary="a\0b " + "x" * 5000, other='\\u0000 "\\', description="{}\t\n,NULL")
    play.post("NULL")
    play.write()
    assert play.writer.health.dropped == 0
    assert play.count("episode") == 2
