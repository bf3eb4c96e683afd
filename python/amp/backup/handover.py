"""Handing a backup to the process that uses the storage folder, and waiting for what it says."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from amp.backup.outcome import REQUEST, RESULT, STATE_REQUEST, TAKEN, Outcome
from amp.backup.write import replaced
from amp.errors import BackupError

if TYPE_CHECKING:
    from pathlib import Path

    from amp.backup.read import Backup, Verified

LOOK_SECONDS = 0.1
TAKEN_WITHIN_SECONDS = 60.0
"""A process that is still starting takes it when its store is open."""

SPARE_BYTES = 8 << 20
"""What the storage folder must have free beside the backup."""


def hand_over(
    backup: Backup,
    verified: Verified,
    folder: Path,
    timeout_seconds: float,
    *,
    with_history: bool,
) -> Outcome:
    """Lets the process that runs restore a backup; what it says.

    Args:
        backup: the file.
        verified: what it is.
        folder: `--storage.path`, which the process uses.
        timeout_seconds: how long to wait.
        with_history: whether its history is restored, too.

    Raises:
        BackupError: nobody took it, or nobody answered in time.
    """
    request = folder / (REQUEST if with_history else STATE_REQUEST)
    if any(os.path.lexists(folder / name) for name in (REQUEST, STATE_REQUEST, TAKEN)):
        raise BackupError(f"another restore goes on in {folder}")
    try:
        room = os.statvfs(folder)
        with suppress(FileNotFoundError):
            (folder / RESULT).unlink()
    except OSError as error:
        raise BackupError(f"{folder}: {(error.strerror or '').lower()}") from error
    if backup.size + SPARE_BYTES > room.f_bavail * room.f_frsize:
        raise BackupError(
            f"{folder} has no room for the backup beside the store: stop AMP and restore then"
        )
    with replaced(request) as copy:
        backup.copy(copy)
    try:
        return _answer(request, verified, timeout_seconds)
    finally:
        with suppress(OSError):
            request.unlink()


def _answer(request: Path, verified: Verified, timeout_seconds: float) -> Outcome:
    folder = request.parent
    begun = time.monotonic()
    while True:
        outcome = Outcome.read(folder)
        if outcome is not None and outcome.sha256 in {verified.sha256, ""}:
            with suppress(OSError):
                (folder / RESULT).unlink()
            return outcome
        waited = time.monotonic() - begun
        if waited > min(TAKEN_WITHIN_SECONDS, timeout_seconds) and request.exists():
            raise BackupError(
                f"the process that uses {folder} did not take the backup within {waited:.0f} s, "
                "nothing was changed: is it AMP, of this release, and is its store open?"
            )
        if waited > timeout_seconds:
            raise BackupError(
                f"no answer within {waited:.0f} s; AMP may still be restoring, its log will tell"
            )
        time.sleep(LOOK_SECONDS)
