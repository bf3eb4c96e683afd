"""Which store: SQLite in the storage folder, or PostgreSQL when a URL is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.errors import AmpError
from amp.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path

    from amp.store.base import Store

POSTGRES_PATIENCE_SECONDS = 30.0
"""How long the start waits for PostgreSQL before it goes on from the snapshots."""


def store_for(url: str, folder: Path) -> tuple[Store, float]:
    """The store, and how long the start may wait for it in seconds.

    Args:
        url: a libpq URL (`postgresql://…`); empty for SQLite.
        folder: `--storage.path`.

    Raises:
        AmpError: the URL cannot be used. The text never shows it: it may hold a password.
    """
    if not url:
        return SqliteStore(folder / "amp.db"), 0.0
    if not url.startswith(("postgresql://", "postgres://")):
        raise AmpError("the database URL must start with postgresql:// or postgres://")
    try:
        import psycopg

        from amp.store.postgres import PostgresStore
    except ImportError as error:
        raise AmpError(
            f"PostgreSQL needs the extra alertmanager-plus-plus[postgresql]: {error}"
        ) from error
    try:
        return PostgresStore(url), POSTGRES_PATIENCE_SECONDS
    except psycopg.Error:
        raise AmpError("the database URL is not a libpq URL") from None
