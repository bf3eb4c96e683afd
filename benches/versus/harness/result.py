"""How much a run measures, and what it comes to."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sizes:
    """How much of everything."""

    small: int = 10_000
    large: int = 100_000
    growth: tuple[int, ...] = (1_000, 200_000)
    fanout: int = 5_000
    fanout_wait_seconds: int = 6
    fanout_interval_seconds: int = 15
    seconds: float = 8.0
    """How long each load runs as fast as it can, and each kind of GET."""
    latency_seconds: float = 10.0
    rounds: int = 3
    starts: int = 7


QUICK = Sizes(
    small=400,
    large=1_000,
    growth=(200, 2_000),
    fanout=200,
    fanout_wait_seconds=3,
    fanout_interval_seconds=5,
    seconds=1.0,
    latency_seconds=1.0,
    rounds=1,
    starts=1,
)


@dataclass
class Result:
    """What one server came to."""

    figures: dict[str, float] = field(default_factory=dict)
    raw: dict[str, list[Any]] = field(default_factory=dict)
    """Every report of the generator, by figure."""
    problems: list[str] = field(default_factory=list)
    """Checks that failed; a run that has any proves nothing."""

    def note(self, name: str, report: object) -> None:
        """Keeps a report as it came."""
        self.raw.setdefault(name, []).append(report)

    def require(self, holds: bool, problem: str) -> None:
        """Keeps the problem unless the check holds."""
        if not holds:
            self.problems.append(problem)
