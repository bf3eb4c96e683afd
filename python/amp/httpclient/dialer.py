"""Counts connections of one kind of integration. Upstream: the dialers of mwitkow/go-conntrack."""

from __future__ import annotations

REASONS = ("refused", "resolution", "timeout", "unknown")


class Dialer:
    """What became of connections that were asked for.

    Attributes:
        attempted: connections asked for.
        established: those that were made; TLS may still have failed.
        closed: those that ended.
        failed: those that were not made, by reason.
    """

    __slots__ = ("attempted", "closed", "established", "failed")

    def __init__(self) -> None:
        self.attempted = 0
        self.established = 0
        self.closed = 0
        self.failed = dict.fromkeys(REASONS, 0)

    def fail(self, reason: str | None) -> None:
        """Counts a connection that cannot be used; None: there was one, TLS failed on it."""
        if reason is None:
            self.established += 1
            self.closed += 1
        else:
            self.failed[reason] += 1
            if reason == "refused":  # upstream counts it under both
                self.failed["unknown"] += 1
