"""AMP's own settings: `amp.yml`, beside the configuration file (`--amp.config.file`)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from amp.errors import ConfigError
from amp.fields.codec import Text
from amp.fields.decode import Decoder, finish
from amp.fields.node import parse
from amp.fields.struct import Struct, StructOf, entry


@dataclass(frozen=True, slots=True)
class OwnConfig(Struct):
    """The keys of `amp.yml`; empty texts are unset.

    Attributes:
        database_url: as `--amp.database-url`.
    """

    GO = "amp.yml"

    database_url: str = entry(Text())


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
        return _read(text)
    except ConfigError as error:
        raise ConfigError(error.cause, file=name, line=error.line, key=error.key) from None


def _read(text: str) -> OwnConfig:
    node = parse(text)
    if node is None:
        return OwnConfig()
    decoder = Decoder()
    found = decoder.decode(node, StructOf(OwnConfig))
    finish(decoder)
    return found if isinstance(found, OwnConfig) else OwnConfig()
