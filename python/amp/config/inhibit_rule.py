"""The entries of `inhibit_rules` (Upstream: config/common/inhibitrule.go)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amp.fields.codec import ListOf, MapOf, Text
from amp.fields.decode import BAD, Decoder
from amp.fields.matchers import Matchers, Pattern, Regexes, check_classic_names, valid_name
from amp.fields.quote import quote
from amp.fields.struct import Struct, StructOf, entry, refused

if TYPE_CHECKING:
    from amp._core import Matcher
    from amp.fields.node import Node

_EQUALITIES = MapOf(Text(), "map[string]string")


@dataclass(frozen=True, slots=True)
class InhibitRule(Struct):
    """Alerts on the source side mute alerts on the target side with the same `equal` labels."""

    GO = "common.plain"

    name: str = entry(Text())
    source_match: dict[str, str] = entry(_EQUALITIES)
    source_match_re: dict[str, Pattern] = entry(Regexes())
    source_matchers: tuple[Matcher, ...] = entry(Matchers())
    target_match: dict[str, str] = entry(_EQUALITIES)
    target_match_re: dict[str, Pattern] = entry(Regexes())
    target_matchers: tuple[Matcher, ...] = entry(Matchers())
    equal: tuple[str, ...] = entry(ListOf(Text(), "[]string"))


class InhibitRuleOf(StructOf):
    """Reads rules with the checks that depend on the matcher mode."""

    def __init__(self) -> None:
        super().__init__(InhibitRule, pointer=False)

    @property
    def go(self) -> str:  # type: ignore[override]
        """Upstream's name of the type."""
        return "common.plain"

    def read(self, decoder: Decoder, node: Node) -> Any:
        rule = super().read(decoder, node)
        if rule is BAD:
            return rule
        check_classic_names(rule.source_match, "source_match")
        check_classic_names(rule.target_match, "target_match")
        for name in rule.equal:
            if not valid_name(name, decoder.mode):
                raise refused(f"invalid label name {quote(name)} in equal list", "equal")
        return rule
