"""Stores of both kinds to back up and to restore into."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from unit.backup.stories import Place

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Place]:
    """Makes empty stores of a kind."""
    count = itertools.count()

    def made(kind: str) -> Place:
        folder = tmp_path / f"store{next(count)}"
        folder.mkdir()
        url = request.getfixturevalue("postgres").database() if kind == "postgres" else ""
        return Place(url, folder)

    return made
