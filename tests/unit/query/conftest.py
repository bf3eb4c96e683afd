"""Stories in both databases, written once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from history_rows import story, write
from ledger_rows import KeptHistory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amp.history.base import ReaderConnection
    from history_rows import Story

SEEDS = (1, 2, 3)

# The generator of the benchmark makes the many rows that plans need.
sys.path.append(str(Path(__file__).parents[3] / "benches" / "history"))


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[tuple[Story, ReaderConnection]]]:
    """Each story with a reader of its store."""
    made, stores = [], []
    for seed in SEEDS:
        if request.param == "sqlite":
            place = tmp_path_factory.mktemp("history") / "history.db"
        else:
            place = request.getfixturevalue("postgres").database()
        history = KeptHistory(place)
        one = story(seed)
        write(one, history, postgres=request.param == "postgres")
        reader = history.store.reader()
        reader.begin()
        made.append((one, reader))
        stores.append(history)
    yield made
    for (_, reader), history in zip(made, stores, strict=True):
        reader.end()
        reader.close()
        history.close()
