"""What tests of several parts share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from servers import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator


# Every run has the same examples; `--hypothesis-profile=search` looks for new ones.
settings.register_profile("same", derandomize=True)
settings.register_profile("search", derandomize=False)
settings.load_profile("same")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of this session; tests that stop it start it again."""
    with Postgres() as server:
        yield server
