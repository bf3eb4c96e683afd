"""What both stores promise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from amp.errors import AmpError
from amp.store.base import Changes, SilenceEntry
from amp.store.schema import migrate, migrations
from houses import alert

if TYPE_CHECKING:
    from collections.abc import Callable

    from amp._core import AlertRow, LogRow
    from amp.store.base import Store

KEY = b"k" * 16


def contents(store: Store) -> tuple[list[SilenceEntry], list[LogRow], list[AlertRow]]:
    """Everything in the store, by key."""
    log = [row for rows in store.log_rows() for row in rows]
    alerts = [row for rows in store.alert_rows() for row in rows]
    return sorted(store.silences()), sorted(log), sorted(alerts)


def test_everything_comes_back_after_a_restart(make_store: Callable[[], Store]) -> None:
    store = make_store()
    store.open()
    silences = [SilenceEntry("a", 1, 2, b"\0\xff"), SilenceEntry("b", 3, 4, b"")]
    log = [(KEY, 1, 2, b"\0entry")]
    store.write(Changes(silences=silences, log=log, alerts=[alert(1), alert(2)]))
    store.close()
    again = make_store()
    again.open()
    kept = contents(again)
    assert kept[:2] == (silences, log)
    assert [row[:8] for row in kept[2]] == [alert(1)[:8], alert(2)[:8]]
    assert {row[8].rstrip("\0") for row in kept[2]} == {"http://g/"}


def test_a_chunk_is_not_the_end(make_store: Callable[[], Store]) -> None:
    store = make_store()
    store.open()
    store.write(Changes(alerts=[alert(number) for number in range(1203)]))
    assert len(contents(store)[2]) == 1203


def test_the_newer_row_stays_whatever_comes_last(make_store: Callable[[], Store]) -> None:
    store = make_store()
    store.open()
    store.write(Changes(silences=[SilenceEntry("a", 5, 9, b"new")], log=[(KEY, 5, 9, b"new")]))
    store.write(Changes(silences=[SilenceEntry("a", 4, 9, b"old")], log=[(KEY, 4, 9, b"old")]))
    assert contents(store)[:2] == ([("a", 5, 9, b"new")], [(KEY, 5, 9, b"new")])
    store.write(Changes(silences=[SilenceEntry("a", 6, 9, b"next")], log=[(KEY, 6, 9, b"next")]))
    assert contents(store)[:2] == ([("a", 6, 9, b"next")], [(KEY, 6, 9, b"next")])


def test_a_removal_comes_before_a_write_of_the_same_silence(
    make_store: Callable[[], Store],
) -> None:
    store = make_store()
    store.open()
    store.write(Changes(silences=[SilenceEntry("a", 5, 9, b"half done")]))
    before = SilenceEntry("a", 4, 9, b"as in memory")
    store.write(Changes(removed_silences=["a", "b"], silences=[before]))
    assert contents(store)[0] == [before]


def test_alerts_change_and_go(make_store: Callable[[], Store]) -> None:
    store = make_store()
    store.open()
    store.write(Changes(alerts=[alert(1), alert(2), alert(3)]))
    store.write(Changes(alerts=[alert(1, ends_at_ns=70), alert(2, gone=True)]))
    assert [(row[0][-1], row[5]) for row in contents(store)[2]] == [("1", 70), ("3", 9)]


def test_all_alerts_go_before_new_ones(make_store: Callable[[], Store]) -> None:
    store = make_store()
    store.open()
    store.write(Changes(alerts=[alert(1), alert(2)]))
    store.write(Changes(no_alerts=True, alerts=[alert(3)]))
    assert [row[0][-1] for row in contents(store)[2]] == ["3"]


def test_what_expired_goes(make_store: Callable[[], Store]) -> None:
    store = make_store()
    store.open()
    silences = [SilenceEntry(str(at), 1, at, b"") for at in (9, 10, 11)]
    log = [(bytes([at]) * 16, 1, at, b"") for at in (9, 10, 11)]
    store.write(Changes(silences=silences, log=log))
    store.write(Changes(expired_at_ns=10))
    assert contents(store)[:2] == (silences[2:], log[2:])


def test_opening_twice_changes_nothing(make_store: Callable[[], Store]) -> None:
    store = make_store()
    store.open()
    store.write(Changes(alerts=[alert(1)]))
    store.open()
    assert len(contents(store)[2]) == 1


def test_tables_of_a_newer_release_are_refused() -> None:
    newest = migrations("sqlite")[-1].version
    with pytest.raises(AmpError, match="a newer release wrote it"):
        migrate("sqlite", newest + 1, print)


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_only_missing_migrations_run(dialect: str) -> None:
    every = migrations(dialect)
    assert [item.version for item in every] == list(range(1, len(every) + 1))
    ran: list[str] = []
    assert migrate(dialect, 0, ran.append) == every[-1].version
    assert len(ran) == sum(len(item.statements) for item in every)
    ran.clear()
    migrate(dialect, every[-1].version, ran.append)
    assert ran == []
