"""Fixtures of tests that speak HTTP; a conftest takes them by importing their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from amp.httpclient import HttpClients
from listener import Listeners

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def listeners() -> AsyncIterator[Listeners]:
    async with Listeners() as started:
        yield started


@pytest.fixture
async def clients() -> AsyncIterator[HttpClients]:
    """Clients without any environment."""
    made = HttpClients(environment={})
    yield made
    await made.close()
