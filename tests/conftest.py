"""What tests of several parts share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from servers import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of this session; tests that stop it start it again."""
    with Postgres() as server:
        yield server
