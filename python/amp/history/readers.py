"""The bounded threads on which questions are answered."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from amp.errors import StoreUnavailable
from amp.history.base import READ_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from amp.clock import Clock
    from amp.history.base import Reader, ReaderConnection

Answered = TypeVar("Answered")

THREADS = 4
CLOSE_SECONDS = 0.5
MOST_WAITING = 64
"""Questions that may wait for a thread; more are refused at once."""


class Call:
    """One question under way: it can be given up from another thread."""

    __slots__ = ("_given_up", "_lock", "_reader")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reader: ReaderConnection | None = None
        self._given_up = False

    def take(self, reader: ReaderConnection) -> bool:
        """Says which connection answers it; False when nobody waits any more."""
        with self._lock:
            if not self._given_up:
                self._reader = reader
            return not self._given_up

    def done(self) -> None:
        """Lets the connection go."""
        with self._lock:
            self._reader = None

    def give_up(self) -> None:
        """Ends it wherever it is."""
        with self._lock:
            self._given_up = True
            if self._reader is not None:
                self._reader.interrupt()


class Readers:
    """Up to `THREADS` threads, made when they are needed, each with its own connection."""

    def __init__(self, make: Callable[[], ReaderConnection], clock: Clock) -> None:
        self._make = make
        self._clock = clock
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="amp-history-read")
        self._own = threading.local()
        self._connections: list[tuple[ReaderConnection, threading.Lock]] = []
        self._closed = False
        self._calls: set[Call] = set()

    async def read(self, question: Callable[[Reader], Answered]) -> Answered:
        """Answers a question from one moment of the store.

        Raises:
            StoreUnavailable: there is no answer now, or none in time.
            StoreCorruptError: the store's file is damaged.
        """
        if len(self._calls) >= THREADS + MOST_WAITING:
            raise StoreUnavailable("too many questions to the history at once")
        call = Call()
        self._calls.add(call)
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._threads, self._answer, call, question)
        try:
            async with self._clock.timeout(READ_SECONDS):
                return await asyncio.shield(future)
        except TimeoutError:
            raise StoreUnavailable(
                f"the history did not answer within {READ_SECONDS:g} seconds"
            ) from None
        finally:
            self._calls.discard(call)
            if not future.done():
                call.give_up()
                future.add_done_callback(_look_away)

    def _answer(self, call: Call, question: Callable[[Reader], Answered]) -> Answered:
        if not hasattr(self._own, "reader"):
            self._own.reader = self._make(), threading.Lock()
            self._connections.append(self._own.reader)
        reader, used = self._own.reader
        # A connection that is closed while it is used takes the process with it.
        with used:
            if self._closed or not call.take(reader):
                raise StoreUnavailable("nobody waits for the answer")
            try:
                reader.begin()
                return question(reader)
            finally:
                call.done()
                reader.end()

    def let_go(self) -> None:
        """Closes connections that answer nothing: a removed file takes room while one is open.

        One that answers does so itself when it is done.
        """
        for reader, used in list(self._connections):
            if used.acquire(blocking=False):
                try:
                    reader.close()
                finally:
                    used.release()

    def close(self) -> None:
        """Ends what is asked and closes every connection that lets go within a moment."""
        self._closed = True
        for call in list(self._calls):
            call.give_up()
        self._threads.shutdown(wait=False, cancel_futures=True)
        for reader, used in self._connections:
            if used.acquire(timeout=CLOSE_SECONDS):
                reader.close()


def _look_away(future: asyncio.Future[Answered]) -> None:
    """An answer for which nobody waits is neither used nor complained about."""
    if not future.cancelled():
        future.exception()
