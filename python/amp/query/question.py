"""What a client asks of the episodes, read and checked."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amp._core import Matcher

SORTS = ("starts_at", "ends_at", "duration")


class BadParameterError(Exception):
    """A query parameter that cannot be read.

    Attributes:
        parameter: its name.
    """

    def __init__(self, parameter: str, text: str) -> None:
        """Keeps the name; the text names it, too."""
        super().__init__(text)
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Question:
    """All filters, AND-ed; of a filter with several values one must hold. None: not asked.

    Attributes:
        from_ns: episodes that had not ended before this instant.
        to_ns: episodes that started before this instant.
        labels: by name, the values that the label may have; empty means absent.
        matchers: all must hold.
        words: each must begin a word of the name, summary or description.
        nothing: whether a filter of classifications makes the answer empty.
    """

    from_ns: int | None = None
    to_ns: int | None = None
    statuses: frozenset[str] | None = None
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    matchers: tuple[Matcher, ...] = ()
    patterns: tuple[str, ...] = ()
    fingerprints: tuple[int, ...] | None = None
    words: tuple[str, ...] = ()
    generator_urls: tuple[str, ...] = ()
    min_duration_ns: int | None = None
    max_duration_ns: int | None = None
    receivers: tuple[str, ...] = ()
    group_keys: tuple[str, ...] = ()
    silence_ids: tuple[str, ...] = ()
    delivery: frozenset[str] | None = None
    silenced: bool | None = None
    inhibited: bool | None = None
    flapping: bool | None = None
    nothing: bool = False
    sort: str = "starts_at"
    descending: bool = True

    def key(self) -> str:
        """The same text for the same question, another for another."""
        parts = []
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, frozenset):
                value = sorted(value)
            elif field.name == "matchers":
                value = sorted((one.name, one.op, one.value) for one in value)
            parts.append(f"{field.name}={value!r}")
        return ";".join(parts)

    def digest(self) -> str:
        """The key, short."""
        return blake2b(self.key().encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()
