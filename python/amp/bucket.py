"""A token bucket (Upstream: x/time rate/rate.go Limiter.Allow)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amp.clock import Clock


class Bucket:
    """Allows one request each `interval_ns`, and `burst` at once; full at first.

    A negative interval allows everything; a burst below 1 with a positive one nothing.
    """

    def __init__(self, interval_ns: int, burst: int, clock: Clock) -> None:
        self._interval_ns = interval_ns
        self._full_ns = burst * interval_ns
        self._clock = clock
        self._saved_ns = self._full_ns
        self._at_ns = clock.now_ns()

    def allow(self) -> bool:
        """Whether a request may pass now; takes its token."""
        if self._interval_ns <= 0:
            return True
        now_ns = self._clock.now_ns()
        gained_ns = max(0, now_ns - self._at_ns)
        self._at_ns = now_ns
        self._saved_ns = min(self._full_ns, self._saved_ns + gained_ns)
        if self._saved_ns < self._interval_ns:
            return False
        self._saved_ns -= self._interval_ns
        return True

    def wait_ns(self) -> int:
        """How long it takes until a request may pass, if none does before; in nanoseconds."""
        return max(0, self._interval_ns - self._saved_ns)
