"""Both tiers: what is kept, for how long, and what an outage of Redis does: nothing."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry

from amp.cache.cache import TTL_SECONDS, Cache
from amp.cache.local import ENTRY_BYTES, LocalTier
from amp.cache.redis import RedisTier
from amp.clock import SystemClock
from amp.errors import ConfigError
from amp.log import Logger
from amp.metrics import Metrics
from fakes import FakeClock
from redis_server import Redis

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kitchen:
    """Makes numbered answers."""

    def __init__(self) -> None:
        self.made = 0
        self.good = True

    async def cook(self) -> bytes:
        self.made += 1
        return b"answer %d" % self.made

    async def ask(self, cache: Cache, key: str) -> bytes:
        return await cache.get(key, self.cook, lambda: self.good)


class Place:
    """What a tier needs."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.stream = io.StringIO()
        self.log = Logger(self.stream)
        self.metrics = Metrics(CollectorRegistry())

    def count(self, tier: str, result: str) -> float:
        labels = {"tier": tier, "result": result}
        name = "amp_history_cache_requests_total"
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    def tier(self, url: str) -> RedisTier:
        return RedisTier(url, TTL_SECONDS, clock=self.clock, log=self.log, metrics=self.metrics)

    def cache(self, shared: RedisTier | None = None) -> Cache:
        return Cache(LocalTier(self.clock, TTL_SECONDS), shared, "owner", self.metrics)


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
def redis() -> Iterator[Redis]:
    with (
        tempfile.TemporaryDirectory(prefix="amp-redis-") as folder,
        Redis(Path(folder), "s3cret") as server,
    ):
        yield server


async def test_an_answer_is_made_once_for_a_key_and_a_time(place: Place) -> None:
    cache, kitchen = place.cache(), Kitchen()
    assert await kitchen.ask(cache, "1 question") == b"answer 1"
    assert await kitchen.ask(cache, "1 question") == b"answer 1"
    # Another event, another key.
    assert await kitchen.ask(cache, "2 question") == b"answer 2"
    await place.clock.advance(TTL_SECONDS)
    assert await kitchen.ask(cache, "1 question") == b"answer 3"
    assert (place.count("memory", "hit"), place.count("memory", "miss")) == (1, 3)


async def test_what_failed_in_part_is_not_kept(place: Place) -> None:
    cache, kitchen = place.cache(), Kitchen()
    kitchen.good = False
    await kitchen.ask(cache, "key")
    assert await kitchen.ask(cache, "key") == b"answer 2"


def test_the_least_recently_used_go_first(place: Place) -> None:
    tier = LocalTier(place.clock, 60, most_entries=3)
    for key in "abc":
        tier.put(key, key.encode())
    assert tier.get("a") == b"a"
    tier.put("d", b"d")
    assert (tier.get("b"), tier.get("a"), len(tier)) == (None, b"a", 3)


def test_memory_is_bounded(place: Place) -> None:
    tier = LocalTier(place.clock, 60, most_bytes=4 * (100 + ENTRY_BYTES))
    for number in range(10):
        tier.put(str(number), b"x" * 100)
        tier.put(str(number), b"y" * 100)
    assert len(tier) == 4
    assert tier.bytes == 4 * (100 + ENTRY_BYTES)
    tier.put("large", b"x" * 1000)
    assert tier.get("large") is None


async def test_another_process_finds_the_answer_in_redis(place: Place, redis: Redis) -> None:
    # The time that an answer may take is real: the busy machine must not open the circuit here.
    kitchen, key = Kitchen(), "1 question"
    tier = place.tier(redis.url)
    first, second = place.cache(tier), place.cache(tier)
    while place.count("redis", "miss") == 0:
        await kitchen.ask(first, f"warm {kitchen.made}")
        await place.clock.advance(6)
    made = await kitchen.ask(first, key)
    for _ in range(50):
        if await tier.get("none") is None and place.count("redis", "hit"):
            break
        await place.clock.advance(6)
        found = await kitchen.ask(second, key)
        if place.count("redis", "hit"):
            assert found == made
    other = Cache(LocalTier(place.clock, TTL_SECONDS), tier, "another store", place.metrics)
    before = kitchen.made
    await kitchen.ask(other, key)
    assert kitchen.made == before + 1
    await tier.close()


async def test_a_redis_that_dies_costs_nothing_but_time(place: Place, redis: Redis) -> None:
    kitchen, tier = Kitchen(), place.tier(redis.url)
    cache = place.cache(tier)
    await kitchen.ask(cache, "before")
    redis.stop()
    await place.clock.advance(6)
    made = kitchen.made
    for number in range(5):
        await kitchen.ask(cache, f"dead {number}")
    assert kitchen.made == made + 5
    assert place.count("redis", "error") >= 1
    # The circuit is open: one failure, then nobody asks.
    assert place.count("redis", "skipped") >= 8
    told = place.stream.getvalue()
    assert "Redis does not answer" in told
    assert "s3cret" not in told
    redis.start()
    for number in range(100):
        await place.clock.advance(6)
        await kitchen.ask(cache, f"back {number}")
        if "Redis answers again" in place.stream.getvalue():
            break
    else:
        raise AssertionError("the tier does not come back")
    await tier.close()


async def test_a_redis_that_hangs_is_left_soon(place: Place, redis: Redis) -> None:
    kitchen, tier = Kitchen(), place.tier(redis.url)
    cache = place.cache(tier)
    redis.hang(True)
    assert await kitchen.ask(cache, "hung") == b"answer 1"
    assert place.count("redis", "error") == 1
    redis.hang(False)
    await tier.close()


@pytest.mark.parametrize("url", ["http://example.org", "redis", ""])
def test_a_url_that_is_none_is_refused_without_its_text(place: Place, url: str) -> None:
    with pytest.raises(ConfigError, match="must begin with redis://"):
        place.tier(url)


def test_the_system_clock_serves(place: Place) -> None:
    tier = LocalTier(SystemClock(), 60)
    tier.put("a", b"1")
    assert tier.get("a") == b"1"
