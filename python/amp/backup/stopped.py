"""Restoring into a store that no process uses."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from amp.backup.history import HistoryMerge
from amp.backup.outcome import Outcome
from amp.backup.source import history_of
from amp.backup.state import StateMerge
from amp.backup.table import STATE
from amp.errors import BackupError, StoreUnavailable
from amp.history.retention import reserve_bytes
from amp.store.base import StoreCorruptError, StoreRefusedError
from amp.store.url import store_for

if TYPE_CHECKING:
    from pathlib import Path

    from amp.backup.read import Backup, Verified
    from amp.history.base import HistoryStore
    from amp.store.base import Store

LOOK_SECONDS = 0.5


def restore(
    backup: Backup, verified: Verified, url: str, folder: Path, *, with_history: bool
) -> Outcome:
    """Merges a backup into the store; the caller holds the folder's lock.

    Args:
        backup: the file.
        verified: what it is.
        url: a libpq URL; empty for SQLite.
        folder: `--storage.path`.
        with_history: whether its history is restored, too.

    Raises:
        BackupError: it cannot be completed; restoring again goes on.
        StoreLocked: another process uses the database.
    """
    try:
        return _restore(backup, verified, url, folder, with_history=with_history)
    except (StoreCorruptError, StoreRefusedError, StoreUnavailable) as error:
        raise BackupError(str(error)) from error


def _restore(
    backup: Backup, verified: Verified, url: str, folder: Path, *, with_history: bool
) -> Outcome:
    store, patience_seconds = store_for(url, folder)
    history = history_of(url, folder) if with_history and verified.header.history_schema else None
    try:
        _open(store, patience_seconds)
        state = StateMerge(store, time.time_ns())
        merge: HistoryMerge | None = None
        if history is not None:
            history.open()
            merge = HistoryMerge(verified.header.made_at_ns, None)
        renewed = time.monotonic()
        for table, rows in backup.rows(verified):
            if table in STATE:
                state.add(table, rows)
            elif merge is not None and history is not None:
                _check_room(history)
                merge.add(table, rows, history)
            if store.lease_seconds is not None and time.monotonic() - renewed > 2:
                store.renew()
                renewed = time.monotonic()
        return Outcome(
            verified.sha256,
            "",
            {**state.taken, **(merge.read if merge is not None else {})},
            merge.note if merge is not None else "",
        )
    finally:
        if history is not None:
            history.close()
        store.close()


def _check_room(history: HistoryStore) -> None:
    """Leaves room for the state, as the server does.

    Raises:
        BackupError: there is too little.
    """
    found = history.footprint()
    if found.room is None or found.volume is None:
        return
    if found.room < reserve_bytes(found.volume):
        raise BackupError(
            f"the volume has {found.room >> 20} MiB left, which are kept for the state: "
            "the history is restored in part only"
        )


def _open(store: Store, patience_seconds: float) -> None:
    """Opens it as the server does: a lease of somebody who may be dead is waited for."""
    until = time.monotonic() + patience_seconds
    while True:
        try:
            store.open()
            return
        except StoreUnavailable:
            if time.monotonic() > until:
                raise
            time.sleep(LOOK_SECONDS)
