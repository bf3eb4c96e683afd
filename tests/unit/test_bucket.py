"""The token bucket on a clock of the test's own."""

from __future__ import annotations

from amp.bucket import Bucket
from amp.clock import SECOND_NS
from fakes import FakeClock


async def test_a_burst_then_one_each_interval() -> None:
    clock = FakeClock()
    bucket = Bucket(SECOND_NS, 3, clock)
    assert [bucket.allow() for _ in range(4)] == [True, True, True, False]
    await clock.advance(0.5)
    assert not bucket.allow()
    await clock.advance(0.5)
    assert [bucket.allow() for _ in range(2)] == [True, False]
    await clock.advance(3600)
    assert [bucket.allow() for _ in range(4)] == [True, True, True, False]


async def test_a_clock_that_goes_back_gives_nothing() -> None:
    clock = FakeClock()
    bucket = Bucket(SECOND_NS, 1, clock)
    assert bucket.allow()
    clock._now_ns -= 10 * SECOND_NS
    assert not bucket.allow()
    await clock.advance(1)
    assert bucket.allow()


async def test_no_burst_and_negative_intervals() -> None:
    clock = FakeClock()
    assert not Bucket(SECOND_NS, 0, clock).allow()
    assert not Bucket(SECOND_NS, -1, clock).allow()
    assert Bucket(-1, 0, clock).allow()
