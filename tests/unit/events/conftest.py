"""What tests of events share."""

from __future__ import annotations

import pytest

from scene import Scene
from web import clients, listeners

__all__ = ["clients", "listeners"]


@pytest.fixture
def scene() -> Scene:
    return Scene()
