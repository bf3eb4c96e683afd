"""Label matchers, regular expressions and label names of a configuration file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amp._core import Matcher, MatcherError, compile_regex, parse_matchers, valid_label_name
from amp.errors import ConfigError
from amp.fields.codec import ListOf, MapOf, Text
from amp.fields.decode import BAD, Codec, Decoder, Refused
from amp.fields.json_schema import TEXT, array
from amp.fields.node import SCALAR, Node
from amp.fields.quote import quote

if TYPE_CHECKING:
    from amp.fields.json_schema import Definitions, Schema

_OPERATORS = ("=", "!=", "=~", "!~")
_CLASSIC_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression as written; it matches whole values."""

    text: str

    @property
    def anchored(self) -> str:
        """The pattern as upstream compiles and shows it in keys."""
        return f"^(?:{self.text})$"


class Matchers(Codec):
    """A list of matcher texts; all their matchers in one sorted tuple."""

    go = "[]string"
    zero = ()

    def read(self, decoder: Decoder, node: Node) -> Any:
        before = len(decoder.faults)
        texts = _TEXTS.read(decoder, node)
        if texts is BAD or len(decoder.faults) > before:
            return BAD
        found: list[Matcher] = []
        for index, text in enumerate(texts):
            decoder.path.append(index)
            if decoder.matchers_seen is not None:
                decoder.matchers_seen(text)
            try:
                found.extend(parse_matchers(text, decoder.mode))
            except MatcherError as error:
                raise ConfigError(str(error)) from None
            decoder.path.pop()
        return tuple(sorted(found, key=_order))

    def read_over(self, decoder: Decoder, node: Node, old: Any) -> Any:
        """Upstream adds to what is there (Matchers.UnmarshalYAML)."""
        found = self.read(decoder, node)
        return found if found is BAD else tuple(sorted((*old, *found), key=_order))

    def dump(self, value: Any) -> Any:
        return [str(matcher) for matcher in value]

    def schema(self, definitions: Definitions) -> Schema:
        return array(TEXT)


def matcher_order(name: str, op: str, value: str) -> tuple[str, str, int]:
    """The key by which matchers are sorted (Upstream: pkg/labels Matchers.Less)."""
    return name, value, _OPERATORS.index(op)


def _order(matcher: Matcher) -> tuple[str, str, int]:
    return matcher_order(matcher.name, matcher.op, matcher.value)


class Regex(Codec):
    """An anchored regular expression."""

    go = "common.plain"
    zero = None

    def read(self, decoder: Decoder, node: Node) -> Any:
        if node.kind != SCALAR:
            return decoder.mismatch(node, _TEXT)
        text = _TEXT.read(decoder, node)
        pattern = Pattern(text)
        try:
            compile_regex(pattern.anchored)
        except MatcherError as error:
            raise ConfigError(str(error)) from None
        return pattern

    def dump(self, value: Any) -> Any:
        return value.text or None

    def schema(self, definitions: Definitions) -> Schema:
        return TEXT


class Regexes(MapOf):
    """The legacy `match_re` maps."""

    def __init__(self) -> None:
        super().__init__(Regex(), "common.plain")

    def read_over(self, decoder: Decoder, node: Node, old: Any) -> Any:
        before = len(decoder.faults)
        found = super().read_over(decoder, node, old)
        if found is BAD or len(decoder.faults) > before:
            return BAD
        check_classic_names(found)
        for name, pattern in found.items():
            if pattern is None:
                raise Refused(f"invalid regexp value for {quote(name)}", name)
        return found


class LabelTexts(MapOf):
    """Label names to texts (model.LabelSet)."""

    def __init__(self) -> None:
        super().__init__(Text("model.LabelValue"), "model.LabelSet", _LabelName())


class _LabelName(Codec):
    go = "string"
    zero = ""

    def read(self, decoder: Decoder, node: Node) -> Any:
        name = _TEXT.read(decoder, node)
        if name is not BAD and not valid_name(name, "fallback"):
            raise ConfigError(f"{quote(name)} is not a valid label name")
        return name


def check_classic_names(names: dict[str, Any], *path: str) -> None:
    """Refuses names that the legacy maps do not take in any mode."""
    for name in names:
        if not _CLASSIC_NAME.match(name):
            raise Refused(f"invalid label name {quote(name)}", *path, name)


def valid_name(name: str, mode: str) -> bool:
    """Whether a label may have this name in a matcher mode."""
    return valid_label_name(name, "classic" if mode == "classic" else "utf8")


_TEXT = Text()
_TEXTS = ListOf(Text(), "[]string")
