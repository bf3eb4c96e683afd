"""The second tier: a Redis that may be away or slow without anybody but this file noticing.

The only file that touches redis-py.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from amp.clock import SECOND_NS
from amp.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from amp.clock import Clock
    from amp.log import Logger
    from amp.metrics import Metrics

PATIENCE_SECONDS = 0.05
"""How long an answer may take; the store is not much slower."""
OPEN_NS = 5 * SECOND_NS
"""How long nobody asks after a failure."""
MOST_BYTES = 1 << 20
"""Of one value."""
CONNECTIONS = 8
PREFIX = "amp:history:"


class RedisTier:
    """Gets and puts values; a failure opens the circuit for a while.

    Args:
        url: `redis://`, `rediss://` or `unix://`; its password is never shown.
        ttl_seconds: how long an entry is good.

    Raises:
        ConfigError: redis-py is not installed, or the URL is none.
    """

    def __init__(
        self, url: str, ttl_seconds: float, *, clock: Clock, log: Logger, metrics: Metrics
    ) -> None:
        self._redis, failure = client(url)
        self._failures = (failure, OSError, asyncio.TimeoutError)
        self._place = _place(url)
        self._ttl_ms = int(ttl_seconds * 1000)
        self._clock = clock
        self._log = log
        self._metrics = metrics
        self._open_until_ns = 0
        self._away = False

    async def get(self, key: str) -> bytes | None:
        """The value of a key; None without one, or without a Redis that answers."""
        value: bytes | None = await self._asked(self._redis.get, PREFIX + key)
        return value

    async def put(self, key: str, value: bytes) -> None:
        """Keeps a value for its time to live, where that is possible."""
        if len(value) <= MOST_BYTES:
            await self._asked(self._redis.set, PREFIX + key, value, px=self._ttl_ms)

    async def _asked(self, command: Any, *arguments: Any, **options: Any) -> Any:
        if self._clock.now_ns() < self._open_until_ns:
            self._count("skipped")
            return None
        waiting: Awaitable[Any] = command(*arguments, **options)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                found = await waiting
        except self._failures as error:
            self._failed(error)
            return None
        if self._away:
            self._away = False
            self._log.info("Redis answers again", component="cache", redis=self._place)
        if not options:
            self._count("miss" if found is None else "hit")
        return found

    def _failed(self, error: BaseException) -> None:
        self._count("error")
        self._open_until_ns = self._clock.now_ns() + OPEN_NS
        if not self._away:
            self._away = True
            self._log.warn(
                "Redis does not answer, answers come from the store",
                component="cache",
                redis=self._place,
                err=type(error).__name__,
            )

    def _count(self, result: str) -> None:
        self._metrics.history_cache.labels("redis", result).inc()

    async def close(self) -> None:
        """Lets go of the connections."""
        try:
            async with asyncio.timeout(1):
                await self._redis.aclose()
        except self._failures:
            return


def client(url: str) -> tuple[Any, type[Exception]]:
    """redis-py's client, which connects when it is asked for something, and its errors' class.

    Raises:
        ConfigError: redis-py is not installed, or the URL is none.
    """
    try:
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
        from redis.exceptions import RedisError
    except ImportError:
        raise ConfigError(
            "a Redis is given (--amp.redis-url), but redis-py is not installed: "
            "pip install 'alertmanager-plus-plus[redis]'"
        ) from None
    try:
        made = Redis.from_url(
            url,
            socket_timeout=PATIENCE_SECONDS * 10,
            socket_connect_timeout=PATIENCE_SECONDS * 10,
            max_connections=CONNECTIONS,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError:
        raise ConfigError(
            "--amp.redis-url must begin with redis://, rediss:// or unix://"
        ) from None
    return made, RedisError


def _place(url: str) -> str:
    """The URL without what is secret in it."""
    try:
        parts = urlsplit(url)
        port = "" if parts.port is None else f":{parts.port}"
        return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
    except ValueError:
        return "redis"
