"""Whether this installation has what a configuration, or a setting of the server, needs."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from amp.cli.check.finding import ERROR, Finding
from amp.fields.http import JWT_BEARER, HttpConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from amp.cli.check.blocks import Block

PROJECT = "alertmanager-plus-plus"
SETTINGS = {
    "database_url": ("the store", "psycopg", "postgresql"),
    "redis_url": ("the history's cache", "redis", "redis"),
}
"""What settings of the server need: who needs it, the package, the extra that brings it."""


def missing(block: Block, found: Callable[[str], object] = find_spec) -> Iterator[Finding]:
    """What keeps one integration from delivering.

    Args:
        block: the integration.
        found: gives None for a package that is not installed.
    """
    for package, extra in _packages(block.kind, block.config):
        if found(package) is None:
            yield _finding(block, needs(block.kind, package, extra))


def lacking(setting: str, found: Callable[[str], object] = find_spec) -> Finding | None:
    """What keeps a setting of the server from working; None where nothing does.

    Args:
        setting: `database_url` or `redis_url`, which is given.
        found: gives None for a package that is not installed.
    """
    what, package, extra = SETTINGS[setting]
    if found(package) is not None:
        return None
    return Finding(ERROR, needs(what, package, extra), key=setting)


def needs(what: str, package: str, extra: str) -> str:
    """The sentence with the command that helps."""
    return f"{what} needs the package {package}: pip install '{PROJECT}[{extra}]'"


def _packages(kind: str, config: Any) -> Iterator[tuple[str, str]]:
    if kind == "sns":
        yield "botocore", "sns"
    http = getattr(config, "http_config", None)
    if isinstance(http, HttpConfig) and http.oauth2 and http.oauth2.grant_type == JWT_BEARER:
        yield "cryptography", "jwt"


def _finding(block: Block, text: str) -> Finding:
    return Finding(ERROR, text, file=block.file, key=block.key)
