"""Which history: a SQLite file in the storage folder, or the state's PostgreSQL database."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from amp.history.sqlite import LOG_PAGES, SqliteHistory

if TYPE_CHECKING:
    from pathlib import Path

    from amp.history.base import HistoryStore
    from amp.history.retention import Budget

FILE = "history.db"
PAGE_BYTES = 4096
LOG_PARTS = 16
LEAST_LOG_PAGES = 100


def history_for(url: str, folder: Path, budget: Budget) -> HistoryStore:
    """The store of the history.

    Args:
        url: a libpq URL that `store_for` took; empty for SQLite.
        folder: `--storage.path`.
        budget: a small one has a small log.
    """
    if url:
        from amp.history.postgres import PostgresHistory

        return PostgresHistory(url)
    volume = None
    with suppress(OSError):
        status = os.statvfs(folder)
        volume = status.f_blocks * status.f_frsize
    pages = budget.most_bytes(volume) // PAGE_BYTES // LOG_PARTS
    return SqliteHistory(folder / FILE, log_pages=max(LEAST_LOG_PAGES, min(pages, LOG_PAGES)))
