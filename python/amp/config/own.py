"""AMP's own settings: `amp.yml`, beside the configuration file (`--amp.config.file`)."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amp.config.proxy import Proxy
from amp.config.receiver import ConfigsOf
from amp.errors import ConfigError
from amp.fields.codec import ListOf, Text
from amp.fields.decode import Decoder, Refused, finish, line_of, placed
from amp.fields.http import HttpConfig
from amp.fields.node import parse
from amp.fields.quote import quote
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.receivers import OWN_INTEGRATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Self

    from amp.config.schema import Config
    from amp.fields.global_config import GlobalConfig
    from amp.fields.node import Node


@dataclass(frozen=True, slots=True)
class OwnReceiver(Struct):
    """Integrations that only AMP has, for the receiver of that name in `alertmanager.yml`."""

    GO = "amp.yml receivers"
    NEEDS = ("name",)

    name: str = entry(Text())
    rootly_configs: tuple[Any, ...] = entry(ConfigsOf("rootly", "rootly_configs"))
    googlechat_configs: tuple[Any, ...] = entry(ConfigsOf("googlechat", "googlechat_configs"))

    def checked(self) -> Self:
        """A name, and no empty block."""
        if not self.name:
            raise refused("missing name in receiver", "name")
        for kind in OWN_INTEGRATIONS:
            if None in getattr(self, f"{kind}_configs"):
                raise refused(f"missing {kind} config", f"{kind}_configs")
        return self

    @property
    def integrations(self) -> Iterator[tuple[str, int, Any]]:
        """(type name, index within its list, config) in the order of construction."""
        for kind in OWN_INTEGRATIONS:
            for index, config in enumerate(getattr(self, f"{kind}_configs")):
                yield kind, index, config

    def under(self, folder: str) -> OwnReceiver:
        """The receiver with its files relative to a folder."""
        return self._each(lambda block: block.under(folder))

    def inherit(self, defaults: GlobalConfig) -> OwnReceiver:
        """The receiver with what it takes from `global` of `alertmanager.yml`."""
        http_config = defaults.http_config or HttpConfig()
        return self._each(
            lambda block: (
                block
                if block.http_config is not None
                else dataclasses.replace(block, http_config=http_config)
            )
        )

    def _each(self, change: Callable[[Any], Any]) -> OwnReceiver:
        changed: dict[str, Any] = {
            f"{kind}_configs": tuple(change(block) for block in getattr(self, f"{kind}_configs"))
            for kind in OWN_INTEGRATIONS
        }
        return dataclasses.replace(self, **changed)


@dataclass(frozen=True, slots=True)
class OwnConfig(Struct):
    """The keys of `amp.yml`; empty texts are unset.

    Attributes:
        database_url: as `--amp.database-url`.
        redis_url: as `--amp.redis-url`.
        receivers: integrations added to the receivers of the same names.
        proxy: what `POST /webhook/proxy` does not deliver.
        file: the file's name for errors; empty without one.
        lines: where each receiver's name stands.
    """

    GO = "amp.yml"

    database_url: str = entry(Text())
    redis_url: str = entry(Text())
    receivers: tuple[OwnReceiver, ...] = entry(
        ListOf(StructOf(OwnReceiver, pointer=False), "[]receiver")
    )
    proxy: Proxy = entry(StructOf(Proxy, pointer=False), Proxy())
    file: str = dataclasses.field(default="", compare=False)
    lines: tuple[int | None, ...] = dataclasses.field(default=(), compare=False)

    def checked(self) -> Self:
        """Each receiver once."""
        names: set[str] = set()
        for index, receiver in enumerate(self.receivers):
            if receiver.name in names:
                raise Refused(
                    f"receiver {quote(receiver.name)} is given twice", "receivers", index, "name"
                )
            names.add(receiver.name)
        return self

    def added(self, config: Config) -> Config:
        """The configuration with these integrations in its receivers.

        Raises:
            ConfigError: naming file, line and key, for a receiver that it does not have.
        """
        names = {receiver.name for receiver in config.receivers}
        for index, receiver in enumerate(self.receivers):
            if receiver.name not in names:
                raise ConfigError(
                    f"undefined receiver {quote(receiver.name)}: alertmanager.yml has none of"
                    " this name",
                    file=self.file or None,
                    line=self.lines[index] if self.lines else None,
                    key=f"receivers[{index}].name",
                )
        receivers = tuple(receiver.inherit(config.global_config) for receiver in self.receivers)
        return dataclasses.replace(config, own=dataclasses.replace(self, receivers=receivers))

    def integrations(self, name: str) -> Iterable[tuple[str, int, Any]]:
        """The integrations added to a receiver."""
        return [
            integration
            for receiver in self.receivers
            if receiver.name == name
            for integration in receiver.integrations
        ]


def own_of(config_file: str, named: str = "") -> OwnConfig:
    """AMP's own file of a configuration file; only one that a flag or variable names must exist.

    Raises:
        ConfigError: naming file, line and key, for anything unknown or malformed.
    """
    if named:
        return load_own(named, required=True)
    return load_own(Path(config_file).parent / "amp.yml")


def load_own(path: str | os.PathLike[str], *, required: bool = False) -> OwnConfig:
    """Reads the file; an absent one gives the defaults unless it is required.

    Raises:
        ConfigError: naming file, line and key, for anything unknown or malformed.
    """
    name = os.fspath(path)
    try:
        text = Path(name).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        if not required:
            return OwnConfig()
        raise ConfigError("no such file", file=name) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", file=name) from None
    try:
        found = parse_own(text, base_dir=str(Path(name).parent))
    except ConfigError as error:
        raise ConfigError(error.cause, file=name, line=error.line, key=error.key) from None
    return dataclasses.replace(found, file=name)


def parse_own(text: str, *, base_dir: str | None = None) -> OwnConfig:
    """Reads the text of `amp.yml`; with a folder its paths are relative to that.

    Raises:
        ConfigError: naming line and key, for anything unknown or malformed.
    """
    node = parse(text)
    if node is None:
        return OwnConfig()
    decoder = Decoder()
    try:
        found = decoder.decode(node, StructOf(OwnConfig))
        finish(decoder)
    except ConfigError as error:
        raise placed(error, decoder, node) from None
    if not isinstance(found, OwnConfig):
        return OwnConfig()
    receivers = found.receivers
    if base_dir is not None:
        receivers = tuple(receiver.under(base_dir) for receiver in receivers)
    lines = tuple(_line(node, index) for index in range(len(receivers)))
    return dataclasses.replace(found, receivers=receivers, lines=lines)


def _line(node: Node, index: int) -> int | None:
    return line_of(node, ["receivers", index, "name"])
