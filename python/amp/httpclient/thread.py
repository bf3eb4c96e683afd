"""Work that may wait long for others."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Found = TypeVar("_Found")


async def beside(work: Callable[[], _Found]) -> _Found:
    """Runs what may wait long on a thread of its own.

    Threads of the loop's pool would hold up others, and the process's end.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[_Found] = loop.create_future()

    def settle(result: _Found | None, error: Exception | None) -> None:
        if outcome.done():
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(result)  # type: ignore[arg-type]  # there is one without an error

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except Exception as error:  # noqa: BLE001  # it goes on where it is awaited
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name="beside", daemon=True).start()
    return await outcome
