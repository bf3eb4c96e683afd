"""What a storage folder holds: silences, the notification log, databases. It is only read."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amp._core import MatcherError, NotificationLog, decode_silences
from amp.cli.check.database import bounds, count, schema
from amp.cli.check.finding import ERROR, WARNING, Finding
from amp.query.instant import rfc3339
from amp.store.marks import Marks
from amp.store.schema import migrations
from amp.store.silence import compiled, from_row

if TYPE_CHECKING:
    from collections.abc import Callable

LOCKS = Path("/proc/locks")
NEWER = {ERROR: "", WARNING: "; no history would be kept"}


class Storage:
    """One folder.

    Attributes:
        found: what there is, as data.
        findings: files that cannot be read in full.
    """

    def __init__(self, folder: Path, now_ns: int) -> None:
        self._folder = folder
        self._now_ns = now_ns
        self.findings: list[Finding] = []
        self.found: dict[str, Any] = {"folder": str(folder), "exists": folder.is_dir()}
        if not folder.is_dir():
            if folder.exists():
                self._tell(ERROR, folder, "not a directory")
            return
        marks = Marks(folder)
        self.found["silences"] = self._file("silences", self._silences, marks)
        self.found["nflog"] = self._file("nflog", self._log, marks)
        self.found["amp.db"] = self._database("amp.db", "sqlite", ERROR, self._state)
        self.found["history.db"] = self._database(
            "history.db", "history_sqlite", WARNING, self._history
        )
        self.found["running"] = _holder(folder / "amp.lock")
        self._compare()
        for aside in sorted(folder.glob("*.corrupt-*")):
            self._tell(WARNING, aside, "was damaged and moved aside")
        if not os.access(folder, os.W_OK | os.X_OK):
            self._tell(WARNING, folder, "this user cannot write here")

    def _tell(self, level: str, path: Path, text: str) -> None:
        self.findings.append(Finding(level, text, file=str(path)))

    def _compare(self) -> None:
        """Whoever wrote a file after AMP saw alerts come and go: AMP's own are stale then."""
        database = self.found["amp.db"]
        if database is not None and database["readable"]:
            files = [self.found[name] for name in ("silences", "nflog")]
            database["alerts_stale"] = any(
                file is not None and file.get("written_by") == "alertmanager" for file in files
            )

    def _file(
        self, name: str, read: Callable[[Path, bytes], dict[str, Any]], marks: Marks
    ) -> dict[str, Any] | None:
        path = self._folder / name
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._tell(ERROR, path, f"cannot be read: {(error.strerror or '').lower()}")
            return {"readable": False}
        try:
            found = read(path, data)
        except ValueError as error:
            self._tell(ERROR, path, f"damaged, it would be moved aside: {error}")
            return {"readable": False, "bytes": len(data)}
        writer = "amp" if marks.knows(name, data) else "alertmanager"
        return {"readable": True, "bytes": len(data), "written_by": writer, **found}

    def _silences(self, path: Path, data: bytes) -> dict[str, Any]:
        states = {"active": 0, "pending": 0, "expired": 0}
        for row in decode_silences(data):
            silence, expires_at_ns = from_row(row)
            if expires_at_ns <= self._now_ns:
                continue
            states[silence.state(self._now_ns)] += 1
            try:
                compiled(silence)
            except MatcherError as error:
                self._tell(WARNING, path, f"silence {silence.id} mutes nothing: {error}")
        return states

    def _log(self, _: Path, data: bytes) -> dict[str, Any]:
        whole, living = NotificationLog(), NotificationLog()
        whole.load_snapshot(data, 0)
        living.load_snapshot(data, self._now_ns)
        return {"entries": len(living), "expired": len(whole) - len(living)}

    def _database(
        self, name: str, folder: str, level: str, look: Callable[[Path], dict[str, Any]]
    ) -> dict[str, Any] | None:
        """What is in a database.

        Args:
            name: the file.
            folder: of its migrations.
            level: of the finding that a newer release wrote it.
            look: says what is in tables that this release knows.
        """
        path = self._folder / name
        if not path.exists():
            return None
        try:
            version, newest = schema(path), migrations(folder)[-1].version
            if version > newest:
                self._tell(
                    level, path, f"schema version {version}, this release knows {newest}:"
                    " a newer release wrote it" + NEWER[level],
                )  # fmt: skip
                return {"readable": False, "bytes": path.stat().st_size}
            rows = look(path)
        except (sqlite3.Error, OSError) as error:
            reason = (error.strerror or "").lower() if isinstance(error, OSError) else str(error)
            self._tell(ERROR, path, f"cannot be read: {reason}")
            return {"readable": False}
        return {
            "readable": True,
            "bytes": path.stat().st_size,
            "closed": not _is_filled(Path(f"{path}-wal")),
            **rows,
        }

    def _state(self, path: Path) -> dict[str, Any]:
        rows = count(path)
        return {
            "alerts": rows["alert"],
            "silences": rows["silence"],
            "log_entries": rows["notification_log"],
        }

    def _history(self, path: Path) -> dict[str, Any]:
        first_ns, last_ns = bounds(path)
        return {
            "from": None if first_ns is None else rfc3339(first_ns),
            "to": None if last_ns is None else rfc3339(last_ns),
        }


def _is_filled(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _holder(lock: Path) -> str | None:
    """The process that holds the folder, by the kernel's list: to try the lock is to take it."""
    try:
        inode = lock.stat().st_ino
        held = LOCKS.read_text(encoding="ascii").splitlines()
        if not any(f":{inode} " in line and "FLOCK" in line for line in held):
            return None
        return lock.read_text(encoding="utf-8", errors="replace").strip() or "another process"
    except OSError:
        return None
