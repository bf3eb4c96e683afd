"""Walks the blocks of a configuration: every value with its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from amp.fields.codec import Anything, ListOf, MapOf
from amp.fields.struct import StructOf

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from amp.config.own import OwnReceiver
    from amp.config.receiver import Receiver
    from amp.config.schema import Config
    from amp.fields.decode import Codec
    from amp.fields.struct import Struct


OF_KEYS = "{}"
"""Ends the name of a value that is itself the key of a map."""


class Block(NamedTuple):
    """One integration that a route can reach.

    Attributes:
        receiver: the receiver's name.
        kind: the integration's type.
        config: its struct.
        file: the file in which it stands, None for the configuration file.
        key: its place there (`receivers[0].slack_configs[1]`).
    """

    receiver: str
    kind: str
    config: Any
    file: str | None
    key: str


def blocks(config: Config, used: Collection[str]) -> Iterator[Block]:
    """The integrations of the used receivers, those of `amp.yml` last."""
    for position, receiver in enumerate(config.receivers):
        yield from _of(receiver, position, None, used)
    for position, own in enumerate(config.own.receivers):
        yield from _of(own, position, config.own.file, used)


def _of(
    receiver: Receiver | OwnReceiver, position: int, file: str | None, used: Collection[str]
) -> Iterator[Block]:
    if receiver.name in used:
        for kind, index, block in receiver.integrations:
            key = f"receivers[{position}].{kind}_configs[{index}]"
            yield Block(receiver.name, kind, block, file, key)


class Value(NamedTuple):
    """One value of a block that is neither struct, list nor map.

    Attributes:
        name: its keys within the block, without indices (`fields.value`).
    """

    key: str
    name: str
    codec: Codec
    value: Any


def values(block: Struct, key: str) -> Iterator[Value]:
    """Everything in a struct that stands at a key."""
    return _values(StructOf(type(block)), block, key, "")


def _values(codec: Codec, value: Any, key: str, name: str) -> Iterator[Value]:
    if value is None:
        return
    if isinstance(codec, StructOf):
        for own, (attribute, item, _) in codec.fields.items():
            inner = f"{name}.{own}" if name else own
            yield from _values(item, getattr(value, attribute), f"{key}.{own}", inner)
    elif isinstance(codec, MapOf):
        for own, item in value.items():
            yield Value(f"{key}.{own}", f"{name}{OF_KEYS}", codec, own)
            yield from _values(codec.item, item, f"{key}.{own}", name)
    elif isinstance(codec, ListOf):
        for index, item in enumerate(value):
            yield from _values(codec.item, item, f"{key}[{index}]", name)
    elif isinstance(codec, Anything):
        yield from _data(codec, value, key, name)
    else:
        yield Value(key, name, codec, value)


def _data(codec: Codec, value: Any, key: str, name: str) -> Iterator[Value]:
    """Of data without a struct of its own; keys are values, too."""
    if isinstance(value, dict):
        for own, item in value.items():
            yield Value(f"{key}.{own}", name, codec, own)
            yield from _data(codec, item, f"{key}.{own}", name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _data(codec, item, f"{key}[{index}]", name)
    else:
        yield Value(key, name, codec, value)
