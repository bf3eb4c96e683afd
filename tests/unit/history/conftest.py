"""A history store of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from amp.history.postgres import PostgresHistory
from amp.history.sqlite import SqliteHistory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from amp.history.base import HistoryStore


@pytest.fixture(params=["sqlite", "postgres"])
def make_store(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[[], HistoryStore]]:
    """Makes stores on one and the same file or database: each is what a process would have."""
    made: list[HistoryStore] = []
    if request.param == "sqlite":
        make: Callable[[], HistoryStore] = lambda: SqliteHistory(tmp_path / "history.db")  # noqa: E731
    else:
        url = request.getfixturevalue("postgres").database()
        make = lambda: PostgresHistory(url)  # noqa: E731

    def remembered() -> HistoryStore:
        made.append(make())
        return made[-1]

    yield remembered
    for store in made:
        store.close()
