"""Codecs of plain values, lists and maps (Upstream: yaml.v2 decode.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amp.errors import ConfigError
from amp.fields.decode import BAD, Codec, Decoder
from amp.fields.json_schema import (
    BOOLEAN,
    COUNT,
    HTTP_URL,
    INTEGER,
    NUMBER,
    TEXT,
    array,
    mapping,
    pattern,
)
from amp.fields.node import MAPPING, SCALAR, SEQUENCE, Node
from amp.fields.order import sorted_keys
from amp.fields.quote import go_value, quote
from amp.fields.scalar import resolve
from amp.fields.secret import REDACTED, Secret
from amp.fields.url import parse_http_url, parse_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from amp.fields.json_schema import Definitions, Schema


class Text(Codec):
    """A string; every other scalar is taken by its text.

    `schema` tells editors of what the struct's own checks let through.
    """

    zero = ""

    def __init__(self, go: str = "string", *, schema: Schema = TEXT) -> None:
        self.go, self._schema = go, schema

    def read(self, decoder: Decoder, node: Node) -> Any:
        if node.kind != SCALAR:
            return decoder.mismatch(node, self)
        if not node.tag:
            return "" if node.plain and node.value in ("Null", "NULL") else node.value
        tag, value = resolve(node)
        if value is None:
            return ""
        return value if tag == "!!binary" else node.value

    def schema(self, definitions: Definitions) -> Schema:
        return self._schema


class Flag(Codec):
    """A boolean; `optional` tells unset (None) from false."""

    go = "bool"

    def __init__(self, *, optional: bool = False) -> None:
        self.zero = None if optional else False
        self._optional = optional

    def read(self, decoder: Decoder, node: Node) -> Any:
        value = resolve(node)[1] if node.kind == SCALAR else None
        return value if isinstance(value, bool) else decoder.mismatch(node, self)

    def empty(self, value: Any) -> bool:
        return value is None if self._optional else not value

    def schema(self, definitions: Definitions) -> Schema:
        return BOOLEAN


class Int(Codec):
    """An integer within limits; a float is cut off as upstream does."""

    zero = 0

    def __init__(self, go: str = "int", low: int = -(1 << 63), high: int = (1 << 63) - 1) -> None:
        self.go, self._low, self._high = go, low, high

    def read(self, decoder: Decoder, node: Node) -> Any:
        value = resolve(node)[1] if node.kind == SCALAR else None
        if isinstance(value, float):
            value = self._cut(value)
        if isinstance(value, bool) or not isinstance(value, int):
            return decoder.mismatch(node, self)
        return value if self._low <= value <= self._high else decoder.mismatch(node, self)

    def _cut(self, value: float) -> int | None:
        """Upstream: the float is converted as the processor does; out of range gives 1<<63."""
        if value != value or abs(value) > float(1 << 64):
            return None
        whole = int(value)
        if self._low == 0 and -(1 << 63) <= whole < 0:
            return whole + (1 << 64)
        return min(whole, self._high) if whole <= 1 << 63 else 1 << 63

    def schema(self, definitions: Definitions) -> Schema:
        return INTEGER if self._low < 0 else COUNT


class Float(Codec):
    """A floating point number."""

    go = "float64"
    zero = 0.0

    def read(self, decoder: Decoder, node: Node) -> Any:
        value = resolve(node)[1] if node.kind == SCALAR else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return decoder.mismatch(node, self)
        return float(value)

    def schema(self, definitions: Definitions) -> Schema:
        return NUMBER


class SecretText(Codec):
    """A secret string, shown as `<secret>`."""

    go = "config.plain"
    zero = Secret()

    def read(self, decoder: Decoder, node: Node) -> Any:
        text = _TEXT.read(decoder, node) if node.kind == SCALAR else decoder.mismatch(node, self)
        return BAD if text is BAD else Secret(text)

    def dump(self, value: Any) -> Any:
        return REDACTED if value else None

    def schema(self, definitions: Definitions) -> Schema:
        return TEXT


class HttpUrl(Codec):
    """An absolute http or https URL as text; None when unset."""

    go = "string"
    zero = None

    def read(self, decoder: Decoder, node: Node) -> Any:
        text = _TEXT.read(decoder, node)
        return BAD if text is BAD else str(parse_http_url(text))

    def empty(self, value: Any) -> bool:
        return value is None

    def schema(self, definitions: Definitions) -> Schema:
        return pattern(HTTP_URL)


class SecretUrl(Codec):
    """A secret http or https URL; None when unset. `<secret>` itself stands for an empty one."""

    go = "string"
    zero = None

    def read(self, decoder: Decoder, node: Node) -> Any:
        text = _TEXT.read(decoder, node)
        if text is BAD:
            return BAD
        if text == REDACTED:
            return Secret()
        return Secret(str(parse_http_url(text, secret=True)))

    def dump(self, value: Any) -> Any:
        return REDACTED

    def empty(self, value: Any) -> bool:
        return value is None

    def schema(self, definitions: Definitions) -> Schema:
        return pattern(f"{HTTP_URL}|^{REDACTED}$")


class ProxyUrl(Codec):
    """Any URL that parses, None when unset; its password is shown as `xxxxx`."""

    go = "string"
    zero = None

    def read(self, decoder: Decoder, node: Node) -> Any:
        text = _TEXT.read(decoder, node)
        return BAD if text is BAD else str(parse_url(text))

    def dump(self, value: Any) -> Any:
        return parse_url(value).redacted()

    def empty(self, value: Any) -> bool:
        return value is None

    def schema(self, definitions: Definitions) -> Schema:
        return TEXT


class Custom(Codec):
    """A value made from a text by a function that raises ConfigError for bad ones."""

    def __init__(
        self,
        make: Callable[[str], Any],
        show: Callable[[Any], Any] = str,
        *,
        go: str = "string",
        zero: Any = None,
        empty: Callable[[Any], bool] | None = None,
        schema: Schema = TEXT,
    ) -> None:
        self.go, self.zero = go, zero
        self._make, self._show, self._empty = make, show, empty
        self._schema = schema

    def read(self, decoder: Decoder, node: Node) -> Any:
        text = _TEXT.read(decoder, node) if node.kind == SCALAR else decoder.mismatch(node, self)
        return BAD if text is BAD else self._make(text)

    def dump(self, value: Any) -> Any:
        return self._show(value)

    def empty(self, value: Any) -> bool:
        return (value == self.zero) if self._empty is None else self._empty(value)

    def schema(self, definitions: Definitions) -> Schema:
        return self._schema


class ListOf(Codec):
    """A list as a tuple; with `optional` an absent one is None and differs from an empty one."""

    def __init__(self, item: Codec, go: str, *, optional: bool = False) -> None:
        self.item, self.go = item, go
        self.zero = None if optional else ()

    def read(self, decoder: Decoder, node: Node) -> Any:
        if node.kind != SEQUENCE:
            return decoder.mismatch(node, self)
        found = []
        for index, child in enumerate(node.children):
            decoder.path.append(index)
            value = decoder.decode(child, self.item)
            decoder.path.pop()
            if value is not BAD:
                found.append(value)
        return tuple(found)

    def dump(self, value: Any) -> Any:
        return [None if item is None else self.item.dump(item) for item in value or ()]

    def schema(self, definitions: Definitions) -> Schema:
        return array(self.item.schema(definitions))


class MapOf(Codec):
    """A map with strings as keys."""

    def __init__(self, item: Codec, go: str, key: Codec | None = None) -> None:
        self.item, self.go = item, go
        self._key = key or _TEXT

    @property
    def zero(self) -> Any:
        """A new empty map."""
        return {}

    def read(self, decoder: Decoder, node: Node) -> Any:
        return self.read_over(decoder, node, {})

    def read_over(self, decoder: Decoder, node: Node, old: Any) -> Any:
        if node.kind != MAPPING:
            return decoder.mismatch(node, self)
        found: dict[str, Any] = dict(old)

        def each(key: Node, value: Node) -> None:
            name = decoder.decode(key, self._key)
            if name is BAD:
                return
            decoder.path.append(name)
            item = decoder.decode(value, self.item)
            if item is not BAD:
                if name in found:
                    decoder.fault(value.line, f"key {quote(name)} already set in map")
                else:
                    found[name] = item
            decoder.path.pop()

        decoder.pairs(node, lambda: each)
        return found

    def dump(self, value: Any) -> Any:
        return {name: self.item.dump(value[name]) for name in sorted_keys(value)}

    def schema(self, definitions: Definitions) -> Schema:
        return mapping(self.item.schema(definitions))


class Anything(Codec):
    """Any YAML as plain Python data; the keys of maps may be of any scalar type."""

    go = "interface {}"

    def read(self, decoder: Decoder, node: Node) -> Any:
        if node.kind == SEQUENCE:
            return self._list(decoder, node)
        if node.kind == MAPPING:
            return self._map(decoder, node)
        return resolve(node)[1]

    def _list(self, decoder: Decoder, node: Node) -> list[Any]:
        found = []
        for index, child in enumerate(node.children):
            decoder.path.append(index)
            value = decoder.decode(child, self)
            decoder.path.pop()
            if value is not BAD:
                found.append(value)
        return found

    def _map(self, decoder: Decoder, node: Node) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        seen: set[tuple[type, Any]] = set()

        def each(key: Node, value: Node) -> None:
            name = decoder.decode(key, self)
            if isinstance(name, dict | list):
                raise ConfigError(f"yaml: invalid map key: {go_value(name)}", line=key.line)
            decoder.path.append(str(name))
            item = decoder.decode(value, self)
            if (type(name), name) in seen:
                decoder.fault(value.line, f"key {go_value(name)} already set in map")
            else:
                seen.add((type(name), name))
                found[name] = item
            decoder.path.pop()

        decoder.pairs(node, lambda: each)
        return found

    def dump(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self.dump(value[name]) for name in sorted_keys(value)}
        return [self.dump(item) for item in value] if isinstance(value, list) else value

    def empty(self, value: Any) -> bool:
        return value is None


_TEXT = Text()
