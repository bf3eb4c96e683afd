"""Walks the blocks of a configuration: every value with its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from amp.fields.struct import Struct, StructOf

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from amp.config.own import OwnReceiver
    from amp.config.receiver import Receiver
    from amp.config.schema import Config


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


def values(value: Any, key: str, without: Collection[str] = ()) -> Iterator[tuple[str, Any]]:
    """(key, value) of everything inside that is neither struct, list nor map; keys of maps too.

    Args:
        value: a struct, or anything in one.
        key: where it stands.
        without: keys of structs that are left out with all that is in them.
    """
    if isinstance(value, Struct):
        for name, (attribute, _, _) in StructOf(type(value)).fields.items():
            if name not in without:
                yield from values(getattr(value, attribute), f"{key}.{name}", without)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield f"{key}.{name}", name
            yield from values(item, f"{key}.{name}", without)
    elif isinstance(value, tuple | list):
        for index, item in enumerate(value):
            yield from values(item, f"{key}[{index}]", without)
    else:
        yield key, value
