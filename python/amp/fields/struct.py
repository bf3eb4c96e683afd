"""Frozen structs with the keys of a YAML mapping (Upstream: yaml.v2 decode.go mappingStruct)."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any, ClassVar

from amp.fields.decode import BAD, Codec, Decoder, Refused
from amp.fields.node import MAPPING, SCALAR, Node

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    from amp.fields.json_schema import Definitions, Schema

_CODEC = "codec"
_NAME = "name"
_KEEP = "keep"
_UNSET = object()


class Struct:
    """Base of the structs; a subclass is a frozen dataclass whose fields come from `entry`.

    Attributes:
        GO: upstream's name of the type, seen in error texts.
        NEEDS: what `checked` refuses the absence of: a key, or several of which one must be there.
            The schema tells editors; a test holds both together.
    """

    __slots__ = ()
    GO: ClassVar[str] = ""
    NEEDS: ClassVar[tuple[str | tuple[str, ...], ...]] = ()

    def checked(self) -> Self:
        """The struct after upstream's own checks; raises ConfigError with a relative key."""
        return self


def entry(codec: Codec, default: Any = _UNSET, *, name: str = "", keep: bool = False) -> Any:
    """A field read by a codec.

    Args:
        codec: how the value is read and shown.
        default: the value of an absent key, the codec's zero when not given.
        name: the key, where it differs from the field's name.
        keep: whether a dump shows the key even with an empty value.
    """
    metadata = {_CODEC: codec, _NAME: name, _KEEP: keep}
    value = codec.zero if default is _UNSET else default
    if isinstance(value, dict):
        return dataclasses.field(default_factory=lambda: dict(value), metadata=metadata)
    return dataclasses.field(default=value, metadata=metadata)


def refused(cause: str, field: str) -> Refused:
    """The error of a check, with the key relative to its struct."""
    return Refused(cause, *field.split("."))


class StructOf(Codec):
    """A struct.

    `pointer` makes null None, else null gives the struct of zero values; `defaults` are values of
    absent keys that this place has instead of the struct's.
    """

    def __init__(
        self,
        cls: type[Struct] | Callable[[], type[Struct]],
        *,
        pointer: bool = True,
        defaults: Mapping[str, Any] | None = None,
    ) -> None:
        self._make = cls
        self._pointer = pointer
        self._defaults = defaults or {}
        self._cls: type[Struct] | None = cls if isinstance(cls, type) else None
        self._fields: dict[str, tuple[str, Codec, bool]] | None = None

    @property
    def cls(self) -> type[Struct]:
        """The struct's class, imported when first asked for."""
        if self._cls is None:
            made = self._make()
            self._cls = made if isinstance(made, type) else type(made)
        return self._cls

    @property
    def go(self) -> str:  # type: ignore[override]
        """Upstream's name of the type."""
        return self.cls.GO

    @property
    def fields(self) -> dict[str, tuple[str, Codec, bool]]:
        """Key to (field name, codec, keep), in the order of the dump."""
        if self._fields is None:
            self._fields = {
                field.metadata[_NAME] or field.name: (
                    field.name,
                    field.metadata[_CODEC],
                    field.metadata[_KEEP],
                )
                for field in dataclasses.fields(self.cls)  # type: ignore[arg-type]
                if _CODEC in field.metadata
            }
        return self._fields

    @property
    def zero(self) -> Any:
        """None for a pointer, else a struct whose every field is zero."""
        if self._pointer:
            return None
        return self.cls(**{name: codec.zero for name, codec, _ in self.fields.values()})

    def read(self, decoder: Decoder, node: Node) -> Any:
        if node.kind != MAPPING:
            return decoder.mismatch(node, self)
        before = len(decoder.faults)
        values = self._values(decoder, node)
        if len(decoder.faults) > before:
            return BAD
        return self.cls(**{**self._defaults, **values}).checked()

    def _values(self, decoder: Decoder, node: Node) -> dict[str, Any]:
        fields, go = self.fields, self.cls.GO
        values: dict[str, Any] = {}

        def each(done: set[str], name_node: Node, value_node: Node) -> None:
            name = name_node.value if name_node.kind == SCALAR else None
            if name is None or name_node.tag:
                name = decoder.decode(name_node, _NAME_CODEC)
                if name is BAD:
                    return
            elif name_node.plain and name in ("~", "null", "Null", "NULL"):
                name = ""
            found = fields.get(name)
            if found is None:
                decoder.path.append(name)
                decoder.fault(name_node.line, f"field {name} not found in type {go}")
                decoder.path.pop()
                return
            decoder.path.append(name)
            if name in done:
                decoder.fault(name_node.line, f"field {name} already set in type {go}")
            else:
                done.add(name)
                value = decoder.decode(value_node, found[1], values.get(found[0]))
                if value is not BAD:
                    values[found[0]] = value
            decoder.path.pop()

        decoder.pairs(node, lambda: functools.partial(each, set()))
        return values

    def dump(self, value: Any) -> Any:
        shown = {}
        for name, (attribute, codec, keep) in self.fields.items():
            item = getattr(value, attribute)
            if keep or not codec.empty(item):
                shown[name] = None if item is None else codec.dump(item)
        return shown

    def empty(self, value: Any) -> bool:
        if self._pointer:
            return value is None
        return all(
            codec.empty(getattr(value, attribute)) for attribute, codec, _ in self.fields.values()
        )

    def schema(self, definitions: Definitions) -> Schema:
        return definitions.refer(self)


class _Name(Codec):
    """The key of a mapping."""

    go = "string"
    zero = ""

    def read(self, decoder: Decoder, node: Node) -> Any:
        return decoder.mismatch(node, self) if node.kind != SCALAR else node.value


_NAME_CODEC = _Name()
