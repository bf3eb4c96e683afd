"""Instruments of one thread: no lock, a fifth of the library's cost, read at a scrape.

Whoever moves one of these does so on one thread only, in most cases the event loop's.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Generic, TypeVar

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from prometheus_client import CollectorRegistry


class Count:
    """One series that only grows."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float = 0

    def inc(self, amount: float = 1) -> None:
        """Adds to it."""
        self.value += amount

    def fill(self, family: Metric, labels: dict[str, str]) -> None:
        """Adds its sample."""
        family.add_sample(f"{family.name}_total", labels, self.value)


class Level:
    """One series that is set."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float = 0

    def set(self, value: float) -> None:
        """Replaces it."""
        self.value = value

    def fill(self, family: Metric, labels: dict[str, str]) -> None:
        """Adds its sample."""
        family.add_sample(family.name, labels, self.value)


class Total:
    """The number and the sum of what was observed."""

    __slots__ = ("number", "total")

    def __init__(self) -> None:
        self.number = 0
        self.total = 0.0

    def observe(self, total: float, number: int = 1) -> None:
        """Adds some values by their sum."""
        self.number += number
        self.total += total

    def fill(self, family: Metric, labels: dict[str, str]) -> None:
        """Adds its samples."""
        family.add_sample(f"{family.name}_count", labels, self.number)
        family.add_sample(f"{family.name}_sum", labels, self.total)


class Spread:
    """How values are spread over buckets."""

    __slots__ = ("bounds", "numbers", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.numbers = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Adds a value."""
        self.numbers[bisect_left(self.bounds, value)] += 1
        self.total += value

    def fill(self, family: Metric, labels: dict[str, str]) -> None:
        """Adds its samples."""
        below = 0
        for bound, number in zip((*self.bounds, float("inf")), self.numbers, strict=True):
            below += number
            limit: str = floatToGoString(bound)  # type: ignore[no-untyped-call]  # the library's
            family.add_sample(f"{family.name}_bucket", {**labels, "le": limit}, below)
        family.add_sample(f"{family.name}_count", labels, below)
        family.add_sample(f"{family.name}_sum", labels, self.total)


Cell = TypeVar("Cell", Count, Level, Total, Spread)


class Vector(Collector, Generic[Cell]):
    """A family: one cell for each combination of label values that was asked for.

    Without labels its only cell is there from the beginning.
    """

    kind = "untyped"

    def __init__(
        self, name: str, text: str, labels: Sequence[str], registry: CollectorRegistry
    ) -> None:
        self._name = name
        self._text = text
        self._labels = tuple(labels)
        self._cells: dict[tuple[str, ...], Cell] = {}
        if not labels:
            self._cells[()] = self.cell()
        registry.register(self)

    def cell(self) -> Cell:
        """A new cell."""
        raise NotImplementedError

    def labels(self, *values: str) -> Cell:
        """The cell of these values, made if need be."""
        if len(values) != len(self._labels):
            raise ValueError(f"{self._name} has the labels {self._labels}, not {values}")
        cell = self._cells.get(values)
        if cell is None:
            cell = self._cells[values] = self.cell()
        return cell

    @property
    def only(self) -> Cell:
        """The cell of a family without labels."""
        return self._cells[()]

    def clear(self) -> None:
        """Forgets every cell with labels."""
        self._cells.clear()

    def keep(self, values: Collection[str]) -> None:
        """Forgets the cells whose first label has another value."""
        for key in [key for key in self._cells if key[0] not in values]:
            del self._cells[key]

    def collect(self) -> Iterator[Metric]:
        """The family with what its cells hold now."""
        family = Metric(self._name, self._text, self.kind)
        for values, cell in self._cells.items():
            cell.fill(family, dict(zip(self._labels, values, strict=True)))
        yield family


class Counts(Vector[Count]):
    """Counters; the name lacks its `_total`."""

    kind = "counter"

    def cell(self) -> Count:
        """A counter at 0."""
        return Count()


class Levels(Vector[Level]):
    """Gauges."""

    kind = "gauge"

    def cell(self) -> Level:
        """A gauge at 0."""
        return Level()


class Totals(Vector[Total]):
    """Summaries without quantiles."""

    kind = "summary"

    def cell(self) -> Total:
        """An empty summary."""
        return Total()


class Spreads(Vector[Spread]):
    """Histograms.

    Args:
        bounds: upper bounds of the buckets, ascending, without infinity.
    """

    kind = "histogram"

    def __init__(
        self,
        name: str,
        text: str,
        labels: Sequence[str],
        registry: CollectorRegistry,
        bounds: Sequence[float],
    ) -> None:
        self._bounds = tuple(float(bound) for bound in bounds)
        super().__init__(name, text, labels, registry)

    def cell(self) -> Spread:
        """An empty histogram."""
        return Spread(self._bounds)
