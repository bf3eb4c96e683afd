"""A process that keeps state until it is killed, and says what may not be lost from now on."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from amp.clock import SECOND_NS, SystemClock
from amp.store.silence import Silence
from amp.store.url import store_for
from houses import alert, build, record


def say(*words: object) -> None:
    """Writes a line that the parent reads."""
    sys.stdout.write(" ".join(str(word) for word in words) + "\n")
    sys.stdout.flush()


async def main(folder: Path, url: str) -> None:
    """Changes everything as fast as it can."""
    store, patience_seconds = store_for(url, folder)
    house = build(folder, store, SystemClock(), patience_seconds=patience_seconds)
    await house.storage.open()
    task = asyncio.create_task(house.storage.run())
    # A snapshot file may know entries of the log whose alerts no store has yet.
    first = min(len(house.entries), len(house.alerts.rows))
    for number in range(first, first + 100_000):
        now_ns = house.clock.now_ns()
        matchers = ((("n", "=", str(number)),),)
        wanted = Silence("", matchers, now_ns, now_ns + 3600 * SECOND_NS)
        say("silence", await house.silences.set(wanted))
        house.alerts.put(alert(number))
        record(house, f"{{}}:{number}")
        house.writer.alerts_changed()
        if number % 3 == 0:
            await house.writer.flush()
            say("flushed", number)
        if number % 7 == 0:
            await house.storage.maintain()
    task.cancel()


asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
