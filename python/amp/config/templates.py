"""Reads and parses the template files (Upstream: template/template.go FromGlobs)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from amp.config.client_check import read_file
from amp.config.glob import glob
from amp.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from amp._core import Templates
    from amp.config.schema import Config

_NAME = re.compile(r"template: ([^:]*):(?:(\d+):)?")


def load_templates(config: Config) -> list[tuple[str, str]]:
    """(base name, text) of every template file, in the order in which later ones win.

    Raises:
        ConfigError: for a malformed pattern or a file that cannot be read.
    """
    return [(Path(path).name, text) for path, text in template_files(_patterns(config))]


def parse_templates(config: Config) -> Templates:
    """All templates of a configuration, compiled.

    Raises:
        ConfigError: naming the file, with upstream's text.
    """
    from amp._core import Templates

    found: list[tuple[str, str]] = []
    failure: ConfigError | None = None
    try:
        found.extend(template_files(_patterns(config)))
    except ConfigError as error:
        failure = error
    files = [(Path(path).name, text) for path, text in found]
    try:
        templates = Templates(files)
    except ValueError as error:
        raise _refused(str(error), [path for path, _ in found]) from None
    if failure is not None:
        raise failure
    return templates


def template_files(patterns: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """(path, text) of every file that a pattern matches, in upstream's order.

    Args:
        patterns: each with the key that errors name.

    Raises:
        ConfigError: for a malformed pattern or a file that cannot be read.
    """
    for pattern, key in patterns:
        for path in glob(pattern, key):
            try:
                yield path, read_file(path)
            except ConfigError as error:
                raise ConfigError(
                    f"failed to parse templates: {error.cause}", file=path, key=key
                ) from None


def _patterns(config: Config) -> Iterator[tuple[str, str]]:
    for index, pattern in enumerate(config.templates):
        yield pattern, f"templates[{index}]"


def _refused(text: str, paths: list[str]) -> ConfigError:
    """The error with the last file of the name that the text tells."""
    match = _NAME.match(text)
    name = match.group(1) if match else None
    file = next((path for path in reversed(paths) if Path(path).name == name), None)
    line = int(match.group(2)) if match and match.group(2) else None
    return ConfigError(f"failed to parse templates: {text}", file=file, line=line, key="templates")
