"""`proxy` of `amp.yml`: which alerts `POST /webhook/proxy` stores and does not deliver itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.fields.codec import ListOf, Text
from amp.fields.json_schema import one_of
from amp.fields.matchers import Matchers
from amp.fields.quote import quote
from amp.fields.struct import Struct, StructOf, entry, refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from amp._core import Matcher

DROP = "drop"


@dataclass(frozen=True, slots=True)
class ProxyFilter(Struct):
    """Holds alerts back that all its matchers match."""

    GO = "amp.yml proxy filter"
    NEEDS = ("name", "matchers")

    name: str = entry(Text())
    matchers: tuple[Matcher, ...] = entry(Matchers())
    action: str = entry(Text(schema=one_of((DROP,))), DROP)

    def checked(self) -> Self:
        """A name, at least one matcher, and the action that there is."""
        if not self.name:
            raise refused("missing name of filter", "name")
        if not self.matchers:
            raise refused(f"filter {quote(self.name)} has no matchers", "matchers")
        if self.action != DROP:
            raise refused(f"unknown action {quote(self.action)}: only {DROP} is known", "action")
        return self

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the filter holds an alert with these labels back."""
        return all(matcher.matches(labels.get(matcher.name, "")) for matcher in self.matchers)


@dataclass(frozen=True, slots=True)
class Proxy(Struct):
    """The settings of `/webhook/proxy`."""

    GO = "amp.yml proxy"

    filters: tuple[ProxyFilter, ...] = entry(
        ListOf(StructOf(ProxyFilter, pointer=False), "[]filter")
    )

    def checked(self) -> Self:
        """Each name once."""
        names: set[str] = set()
        for one in self.filters:
            if one.name in names:
                raise refused(f"filter {quote(one.name)} is given twice", "filters")
            names.add(one.name)
        return self

    def filter_of(self, labels: Mapping[str, str]) -> ProxyFilter | None:
        """The first filter that holds an alert with these labels back."""
        return next((one for one in self.filters if one.matches(labels)), None)
