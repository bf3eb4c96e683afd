"""Mail against what the reference does in the same case (mail.yaml)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from receivers.mailcase import Authority, Run, load
from receivers.team import Team


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.mark.parametrize("case", load(), ids=lambda case: case["name"])
async def test_as_the_reference(case, tmp_path, clients, authority):
    with Run(case, tmp_path, authority) as run:
        team = Team(run.configuration(), clients)
        if "before" in case:
            assert await team.tell(run.alerts("before")) is None
        error = await team.tell(run.alerts())
        which = 1 if "before" in case else 0
        # Beside the loop, which has a connection to close.
        found: dict[str, Any] = await asyncio.to_thread(run.heard, which)
        found["error"] = None if error is None else run.tidy(str(error))
        found["retry"] = error is not None and error.retryable
        if error is not None:
            found["reason"] = error.reason
    expected = case["expect"] | case.get("ours", {})
    if expected["error"] is None:
        expected.pop("reason", None)
    assert found == expected
