"""Loads a configuration text (Upstream: config/config.go Load, Config.UnmarshalYAML)."""

from __future__ import annotations

import codecs
import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

from amp.config.check import check_global, check_intervals, check_route
from amp.config.inherit import inherit, with_standard_headers
from amp.config.paths import resolve_paths
from amp.config.root import ROOT, Root
from amp.config.schema import Config, digest
from amp.errors import ConfigError
from amp.fields.decode import BAD, Decoder, Refused, finish, placed
from amp.fields.global_config import GlobalConfig
from amp.fields.node import MAX_BYTES, Node, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from amp.config.own import OwnConfig


def load_config(
    text: str,
    *,
    base_dir: str | os.PathLike[str] | None = None,
    matcher_mode: str = "fallback",
    own: OwnConfig | None = None,
    matchers_seen: Callable[[str], None] | None = None,
) -> Config:
    """Reads and checks a configuration.

    Args:
        text: the YAML.
        base_dir: the folder of the file, against which its relative paths are resolved.
        matcher_mode: `fallback`, `classic` or `utf8`, how matchers and label names are read.
        own: what `amp.yml` adds (`load_own`).
        matchers_seen: called with every text of matchers before it is read.

    Raises:
        ConfigError: with upstream's text, line and key of the first failure.
    """
    folder = None if base_dir is None else os.fspath(base_dir)
    root = _decode(Decoder(matcher_mode, matchers_seen), parse(text), folder)
    config = Config(root, matcher_mode, folder, digest(text))
    return config if own is None else own.added(config)


def load_file(
    path: str | os.PathLike[str],
    matcher_mode: str = "fallback",
    matchers_seen: Callable[[str], None] | None = None,
) -> Config:
    """Reads a configuration file; errors name it.

    Raises:
        ConfigError: when it cannot be read or is refused.
    """
    name = os.fspath(path)
    try:
        with Path(name).open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        # Go opens a directory, and fails to read it.
        verb = "read" if isinstance(error, IsADirectoryError) else "open"
        raise ConfigError(f"{verb} {name}: {reason}") from None
    try:
        return load_config(
            _decoded(raw),
            base_dir=str(Path(name).parent),
            matcher_mode=matcher_mode,
            matchers_seen=matchers_seen,
        )
    except ConfigError as error:
        raise ConfigError(error.cause, file=name, line=error.line, key=error.key) from None


def _decoded(raw: bytes) -> str:
    """The text of the file's bytes, which may begin with a byte order mark."""
    encoding = "utf-8"
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        raise ConfigError("yaml: invalid leading UTF-8 octet") from None


def _decode(decoder: Decoder, node: Node | None, folder: str | None) -> Root:
    """The checked root; errors get line and key."""
    try:
        root = None if node is None else decoder.decode(node, ROOT)
        finish(decoder)
        if root is None or root is BAD:
            raise Refused("no route provided in config", "route")
        checked = _checked(root)
        return checked if folder is None else resolve_paths(checked, folder)
    except ConfigError as error:
        raise placed(error, decoder, node) from None


def _checked(root: Root) -> Root:
    """The root after the checks between blocks, with what receivers inherit filled in."""
    defaults = root.global_config or GlobalConfig()
    check_global(defaults)
    receivers, defaults = inherit(root.receivers, defaults)
    route = check_route(root.route, receivers)
    check_intervals(route, root.mute_time_intervals, root.time_intervals)
    if route.continue_matching:
        raise Refused("cannot have continue in root route", "route", "continue")
    return dataclasses.replace(
        root, global_config=defaults, receivers=with_standard_headers(receivers, route)
    )
