"""The numbers by which questions are answered one way or another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """Up to where something is counted, named or looked at.

    Attributes:
        exact: totals are counted up to here and guessed above.
        handful: so few candidates are looked at one by one, whatever the window.
        sample: so many of the newest episodes tell how common searched words are.
        most_series: so many series are named one by one.
        sparse: where fewer than one in so many episodes match, they are gathered and sorted.
        note: what the index of words costs for a note that has a word, likewise.
        lookup: what an episode costs that is found through an index, in episodes that are walked.
    """

    exact: int = 10_000
    handful: int = 2000
    sample: int = 2000
    most_series: int = 5000
    sparse: int = 100
    lookup: float = 4.0
    note: float = 1.6


BOUNDS = Bounds()
