"""Both tiers together."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from amp.cache.local import LocalTier
    from amp.metrics import Metrics

TTL_SECONDS = 60.0
"""Answers that depend on the present moment, such as durations of what fires, are no older."""


class SharedTier(Protocol):
    """A tier that other processes and later ones share. Failures are its own affair."""

    async def get(self, key: str) -> bytes | None:
        """The value of a key; None without one."""

    async def put(self, key: str, value: bytes) -> None:
        """Keeps a value."""

    async def close(self) -> None:
        """Lets go of it."""


class Cache:
    """Gives what is kept under a key, or makes and keeps it.

    Keys carry the number of the newest event, so that nothing kept outlives what it is about.

    Args:
        local: the first tier.
        shared: the second; None without one.
        owner: what tells this store's answers from those of others in the second tier.
    """

    def __init__(
        self, local: LocalTier, shared: SharedTier | None, owner: str, metrics: Metrics
    ) -> None:
        self._local = local
        self._shared = shared
        self._owner = owner
        self._requests = metrics.history_cache

    async def get(
        self, key: str, made: Callable[[], Awaitable[bytes]], good: Callable[[], bool]
    ) -> bytes:
        """The value of a key.

        Args:
            key: names the question and the state of the history.
            made: makes the value.
            good: whether what was made may be kept.
        """
        # A digest, so that no answer of another key is ever given and keys stay short.
        short = blake2b(f"{self._owner}\0{key}".encode("utf-8", "replace")).hexdigest()
        value = self._local.get(short)
        self._requests.labels("memory", "miss" if value is None else "hit").inc()
        if value is not None:
            return value
        if self._shared is not None:
            value = await self._shared.get(short)
            if value is not None:
                self._local.put(short, value)
                return value
        value = await made()
        if good():
            self._local.put(short, value)
            if self._shared is not None:
                await self._shared.put(short, value)
        return value

    async def close(self) -> None:
        """Lets go of the second tier."""
        if self._shared is not None:
            await self._shared.close()
