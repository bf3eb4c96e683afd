"""The configuration files of `amtool`, which give flags their defaults.

Upstream: cli/config/config.go NewResolver.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.cli.amtool.invocation import ToolError
from amp.errors import ConfigError
from amp.fields.codec import Text
from amp.fields.decode import BAD, Codec, Decoder, finish
from amp.fields.node import MAPPING, MAX_BYTES, Node, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMER_NAMES = {"comment_required": "require-comment"}
_TEXT = Text()


class _Texts(Codec):
    """Names and texts; unlike elsewhere a name may come again, and the last one wins."""

    go = "map[string]string"

    def read(self, decoder: Decoder, node: Node) -> object:
        """The pairs."""
        if node.kind != MAPPING:
            return decoder.mismatch(node, self)
        found: dict[str, str] = {}

        def each(key: Node, value: Node) -> None:
            name, text = decoder.decode(key, _TEXT), decoder.decode(value, _TEXT)
            if name is not BAD and text is not BAD:
                found[name] = text

        decoder.pairs(node, lambda: each)
        return found


def read_settings(paths: Sequence[str]) -> dict[str, str]:
    """Flag names and their defaults; the first file that names a flag wins.

    Raises:
        ToolError: for a file that cannot be read or is no map of texts.
    """
    settings: dict[str, str] = {}
    for path in paths:
        try:
            found = _read(path)
        except ConfigError as error:
            raise ToolError(f"could not load config file: {error.cause}") from None
        for key, value in found.items():
            name = FORMER_NAMES.get(key, key)
            if name == key or name not in found:
                settings.setdefault(name, value)
    return settings


def _read(path: str) -> dict[str, str]:
    try:
        with open(path, "rb") as stream:
            text = stream.read(MAX_BYTES + 1).decode()
    except OSError as error:
        verb = "read" if isinstance(error, IsADirectoryError) else "open"
        raise ConfigError(f"{verb} {path}: {(error.strerror or '').lower()}") from None
    except UnicodeDecodeError:
        raise ConfigError("yaml: invalid leading UTF-8 octet") from None
    node = parse(text)
    if node is None:
        return {}
    decoder = Decoder()
    found = decoder.decode(node, _Texts())
    finish(decoder)
    return found if isinstance(found, dict) else {}
