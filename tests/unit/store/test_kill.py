"""kill -9 at any moment: what was promised is there afterwards."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amp.clock import SystemClock
from amp.store.url import store_for
from houses import build, knows

if TYPE_CHECKING:
    from houses import House

DRIVER = Path(__file__).with_name("driver.py")
KILLS = 6


def run_and_kill(folder: Path, url: str, lines: int) -> tuple[set[str], int]:
    """Silences that were answered, and up to which number everything was said to be written."""
    said = []
    with subprocess.Popen(
        [sys.executable, str(DRIVER), str(folder), url], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line.split())
            if len(said) == lines:
                process.kill()
    assert len(said) >= lines, "it ended by itself"
    flushed = [int(words[1]) for words in said if words[0] == "flushed"]
    return {words[1] for words in said if words[0] == "silence"}, max(flushed, default=-1)


async def opened(folder: Path, url: str) -> House:
    """What a new process finds."""
    store, patience_seconds = store_for(url, folder)
    house = build(folder, store, SystemClock(), patience_seconds=patience_seconds)
    await house.storage.open()
    return house


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_what_was_promised_is_there(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = "" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    moments = random.Random(1)
    answered: set[str] = set()
    for _ in range(KILLS):
        silences, flushed = run_and_kill(tmp_path, url, moments.randrange(1, 60))
        answered |= silences
        house = await opened(tmp_path, url)
        try:
            assert answered <= {silence.id for silence in house.silences.query([])}
            for number in range(flushed + 1):
                assert knows(house, f"{{}}:{number}")
                assert f"{number:016x}" in house.alerts.rows
            assert "ERROR" not in house.log.getvalue()
        finally:
            house.storage.release()
