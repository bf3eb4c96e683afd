"""The command line of `amp restore`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from amp.cli.backup import one_file, told
from amp.cli.command_line.clause import HELP, Argument, Command, Flag
from amp.cli.command_line.request import Reader, Request
from amp.cli.command_line.usage import terminal_width
from amp.cli.command_line.value import BOOLEAN, DURATION, TEXTS
from amp.cli.stored import FLAGS, Stored
from amp.errors import AmpError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from amp.backup.outcome import Outcome
    from amp.backup.read import Backup

PROGRAM = Command(
    "amp restore",
    "Merges a backup into SQLite or PostgreSQL: newer records win, what is there stays. A server"
    " that uses the storage folder does it itself and goes on meanwhile. A file that is not whole"
    " changes nothing. Exit codes: 0 done, 1 failed, 2 wrong usage.",
    flags=(
        HELP,
        *FLAGS,
        Flag("history", "With the history; --no-history leaves it out.", BOOLEAN, default="true"),
        Flag("timeout", "How long a server that runs may take.", DURATION, default="10m"),
    ),
    argument=Argument("file", "What amp backup wrote.", TEXTS),
)
DEFAULT_TIMEOUT_SECONDS = 600.0


def main(arguments: Sequence[str]) -> int:
    """Restores a backup; the exit code."""
    try:
        request = Reader(PROGRAM, version=str, width=terminal_width(os.environ)).read(arguments)
        if not isinstance(request, Request):
            print(request, end="")
            return 0
        path = Path(one_file(request.values.texts("file")))
        values = request.values.given_values()
        stored = Stored.given(values, os.environ)
    except (AmpError, ValueError) as error:
        print(f"amp restore: error: {error}, try --help", file=sys.stderr)
        return 2
    begun = time.monotonic()
    try:
        outcome = _restore(path, stored, values)
    except AmpError as error:
        print(f"amp restore: {error}", file=sys.stderr)
        return 1
    if outcome.error:
        print(f"amp restore: {outcome.error}", file=sys.stderr)
        return 1
    seconds = time.monotonic() - begun
    print(f"amp restore: {told(outcome.taken)} in {seconds:.1f} s", file=sys.stderr)
    if outcome.note:
        print(f"amp restore: {outcome.note}", file=sys.stderr)
    return 0


def _restore(path: Path, stored: Stored, values: Mapping[str, object]) -> Outcome:
    # Not before: help and wrong usage need nothing of it.
    from amp.backup.read import Backup

    backup = Backup(path)
    try:
        return _with(backup, stored, values)
    finally:
        backup.close()


def _with(backup: Backup, stored: Stored, values: Mapping[str, object]) -> Outcome:
    from amp.backup.handover import hand_over
    from amp.backup.stopped import restore
    from amp.errors import BackupError, StoreLocked
    from amp.store.lock import FolderLock

    verified = backup.verify()
    with_history = bool(values.get("history", True))
    try:
        stored.folder.mkdir(parents=True, exist_ok=True)
        _become_owner(stored.folder)
        lock = FolderLock(stored.folder)
        try:
            lock.acquire()
        except StoreLocked:
            given = values.get("timeout", DEFAULT_TIMEOUT_SECONDS)
            seconds = float(given) if isinstance(given, int | float) else DEFAULT_TIMEOUT_SECONDS
            return hand_over(backup, verified, stored.folder, seconds, with_history=with_history)
    except OSError as error:
        raise BackupError(f"{stored.folder}: {(error.strerror or str(error)).lower()}") from error
    try:
        return restore(backup, verified, stored.url, stored.folder, with_history=with_history)
    finally:
        lock.release()


def _become_owner(folder: Path) -> None:
    """As root, does the rest as the folder's owner: the server must be able to use what we make."""
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.setegid(owner.st_gid)
        os.seteuid(owner.st_uid)
