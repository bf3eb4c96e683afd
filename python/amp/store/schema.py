"""The numbered SQL files that make and change the tables."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from amp.errors import AmpError

if TYPE_CHECKING:
    from collections.abc import Callable


class Migration(NamedTuple):
    """One file: its number and its statements."""

    version: int
    statements: list[str]


def migrations(dialect: str) -> list[Migration]:
    """The files of a dialect (`sqlite`, `postgres`) in order."""
    folder = resources.files("amp.store") / "migrations" / dialect
    files = sorted((item for item in folder.iterdir() if item.name.endswith(".sql")), key=str)
    return [
        Migration(
            int(item.name.split("_", 1)[0]),
            [part for part in item.read_text(encoding="utf-8").split(";\n") if part.strip()],
        )
        for item in files
    ]


def migrate(dialect: str, version: int, execute: Callable[[str], object]) -> int:
    """Brings tables of `version` to the newest; the caller holds the lock and the transaction.

    Raises:
        AmpError: a newer release made the tables.
    """
    known = migrations(dialect)
    newest = known[-1].version
    if version > newest:
        raise AmpError(
            f"the store has schema version {version}, this release knows {newest}: "
            "a newer release wrote it"
        )
    for migration in known:
        if migration.version > version:
            for statement in migration.statements:
                execute(statement)
    return newest
