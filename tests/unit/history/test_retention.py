"""What goes from the history, by age and by bytes, on both stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.clock import SECOND_NS
from amp.history.retention import Budget, reserve_bytes
from amp.history.sqlite import SqliteHistory
from history_play import Play

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from amp.history.base import HistoryStore

DAY = 86_400.0
TABLES = (
    "series", "label", "series_label", "note", "episode", "episode_group", "event", "route_group",
)  # fmt: skip


def settle(play: Play) -> None:
    """Lets the retention do all that it finds to do."""
    for _ in range(500):
        if play.writer.turn(0) > 0.05:
            return
    raise AssertionError("it never ends")


async def test_age(make_store: Callable[[], HistoryStore]) -> None:
    play = Play(make_store(), Budget(30 * DAY))
    play.post("Old", summary="first words")
    play.post("Lasting", lives=100 * DAY, summary="first words")
    await play.later(3600)
    play.post("Old", ends=True, summary="first words")
    play.write()
    await play.later(20 * DAY)
    play.post("Young", summary="other words")
    play.post("Lasting", lives=100 * DAY, summary="changed words")
    play.write()
    await play.later(60)
    play.post("Young", ends=True)
    play.write()
    assert play.count("episode") == 3
    await play.later(10 * DAY)
    settle(play)
    assert play.rows("SELECT alert_name FROM note ORDER BY alert_name") == [
        ("Lasting",),
        ("Young",),
    ]
    names = "SELECT value FROM label WHERE name = 'alertname' ORDER BY value"
    assert play.rows(names) == [("Lasting",), ("Young",)]
    assert play.rows("SELECT id, fires FROM series ORDER BY id") == [(2, 1), (3, 1)]
    assert play.count("series_label") == 4
    assert play.count("route_group") == 2
    cutoff_us = (play.clock.now_ns() - int(30 * DAY) * SECOND_NS) // 1000
    assert play.rows(f"SELECT count(*) FROM event WHERE seq < {cutoff_us}") == [(0,)]
    assert play.writer.retention.deleted > 5
    await play.later(35 * DAY)
    settle(play)
    assert play.count("episode") == 1, "what is open stays"
    assert play.count("event") == 0
    assert play.writer.retention.oldest_ns is None


async def test_words_go_with_their_notes(tmp_path: Path) -> None:
    play = Play(SqliteHistory(tmp_path / "history.db"), Budget(DAY))
    play.post("Old", summary="diskFull here")
    play.post("Old", ends=True, summary="diskFull here")
    play.write()
    found = 'SELECT count(*) FROM note_words WHERE note_words MATCH \'"full"* "here"*\''
    assert play.rows(found) == [(1,)]
    await play.later(3 * DAY)
    settle(play)
    assert play.rows(found) == [(0,)]
    assert [play.count(table) for table in TABLES] == [0] * len(TABLES)


async def test_numbers_of_what_is_gone_are_not_given_again(
    make_store: Callable[[], HistoryStore],
) -> None:
    play = Play(make_store(), Budget(DAY))
    play.post("A", "B")
    play.post("A", "B", ends=True)
    play.write()
    await play.later(3 * DAY)
    settle(play)
    assert play.count("series") == play.count("note") == 0
    play.store.close()
    again = Play(make_store(), Budget(DAY), clock=play.clock)
    again.post("C")
    again.write()
    assert again.rows("SELECT id FROM series") == [(3,)]
    assert again.rows("SELECT id FROM note") == [(3,)]


async def test_bytes(tmp_path: Path) -> None:
    most = 6 << 20
    store = SqliteHistory(tmp_path / "history.db", log_pages=100)
    play = Play(store, Budget(30 * DAY, most))
    largest, number = 0, 0
    for _ in range(60):
        for _ in range(150):
            number += 1
            play.post(f"A{number}", summary=f"{number} " + "long text " * 30)
            play.post(f"A{number}", ends=True, summary=f"{number} " + "long text " * 30)
        await play.later(60)
        play.writer.turn(0)
        settle(play)
        largest = max(largest, store.footprint().taken)
    assert largest < most * 1.1
    assert play.writer.health.dropped == 0
    kept = play.rows("SELECT min(series_id), max(series_id), count(*) FROM episode")[0]
    assert kept[0] > 1000, "the oldest went"
    assert kept[1] == number, "the newest is there"
    assert kept[2] > 1000, "no more went than had to"
    assert 0 <= play.count("series") - kept[2] < 1500, "what only they named goes a little later"
    assert 0 <= play.count("note") - kept[2] < 1500


async def test_a_budget_of_nothing_to_delete(tmp_path: Path) -> None:
    play = Play(SqliteHistory(tmp_path / "history.db"), Budget(DAY, 100_000))
    play.writer.turn(0)
    play.post("A")
    settle(play)
    assert not play.writer.health.ok
    assert "has reached its 100000 bytes" in play.writer.health.detail


async def test_what_is_open_is_not_sacrificed(make_store: Callable[[], HistoryStore]) -> None:
    play = Play(make_store(), Budget(30 * DAY))
    play.post(*(f"A{number}" for number in range(50)))
    play.write()
    while play.store.expire(play.clock.now_ns() + SECOND_NS, 7):
        pass
    assert play.count("event") == 0
    assert play.count("episode") == play.count("series") == 50


def test_a_small_volume_is_never_filled() -> None:
    budget = Budget(DAY)
    volume = 50 << 20
    assert budget.most_bytes(volume) == 25 << 20
    assert 4 << 20 <= reserve_bytes(volume) <= 12 << 20
    assert budget.most_bytes(1 << 40) == 10 << 30
    assert Budget(DAY, 5).most_bytes(volume) == 5


async def test_a_round_spares_what_events_and_flushes_name(
    make_store: Callable[[], HistoryStore],
) -> None:
    play = Play(make_store(), Budget(30 * DAY))
    play.post("A", summary="one")
    play.write()
    await play.later(60)
    play.post("A", summary="two")
    play.write()
    while play.store.sweep(10).more:
        pass
    assert play.count("note") == 2, "an event names the first"
