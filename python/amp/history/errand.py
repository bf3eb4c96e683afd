"""Work of others on the history's store, between two writes of its writer."""

from __future__ import annotations

from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from amp.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from amp.history.base import HistoryStore

Result = TypeVar("Result")


class Errands:
    """Pieces of work that wait for the writer's thread.

    Attributes:
        holding: whether a piece of work goes on in several steps: what it wrote is not named by
            anything yet, so that nothing that nothing names may be deleted meanwhile.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        """Keeps what ends the writer's wait for events."""
        self.holding = False
        self._wake = wake
        self._waiting: SimpleQueue[tuple[Callable[[HistoryStore], Any], Future[Any]]] = (
            SimpleQueue()
        )

    def __len__(self) -> int:
        return self._waiting.qsize()

    def add(self, work: Callable[[HistoryStore], Result]) -> Future[Result]:
        """Lets the writer's thread do it. Short: events wait meanwhile."""
        outcome: Future[Result] = Future()
        self._waiting.put((work, outcome))
        self._wake()
        return outcome

    def run(self, store: HistoryStore) -> bool:
        """Does one of them, on the writer's thread; whether there was one."""
        try:
            work, outcome = self._waiting.get_nowait()
        except Empty:
            return False
        if outcome.set_running_or_notify_cancel():
            try:
                outcome.set_result(work(store))
            except Exception as error:  # noqa: BLE001  # it belongs to who asked
                outcome.set_exception(error)
        return True

    def refuse(self, detail: str) -> None:
        """Tells those who wait that the store takes nothing now."""
        while True:
            try:
                _, outcome = self._waiting.get_nowait()
            except Empty:
                return
            if outcome.set_running_or_notify_cancel():
                outcome.set_exception(StoreUnavailable(f"the history is not written: {detail}"))
