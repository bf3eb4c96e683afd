"""A store of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from amp.store.postgres import PostgresStore
from amp.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from amp.store.base import Store
    from servers import Postgres


@pytest.fixture(params=["sqlite", "postgres"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Makes stores on one and the same file or database: each is what a process would have."""
    made: list[Store] = []
    if request.param == "sqlite":
        make: Callable[[], Store] = lambda: SqliteStore(tmp_path / "amp.db")  # noqa: E731
    else:
        url = request.getfixturevalue("postgres").database()
        make = lambda: PostgresStore(url)  # noqa: E731

    def remembered() -> Store:
        made.append(make())
        return made[-1]

    yield remembered
    for store in made:
        store.close()


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """An empty database."""
    return postgres.database()
