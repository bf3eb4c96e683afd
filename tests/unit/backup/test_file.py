"""The file: whole, or refused before anything changes."""

from __future__ import annotations

import gzip
import io
import json
import os
import sqlite3
import stat
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from amp.backup.format import Header
from amp.backup.read import READ_BYTES, Backup
from amp.backup.source import opened
from amp.backup.table import HISTORY, STATE
from amp.backup.write import replaced, write
from amp.errors import BackupError
from amp.store.base import Changes, SilenceEntry
from unit.backup.stories import FAR_NS, Place

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def filled(empty: Callable[[str], Place]) -> Place:
    """A store with more silences than are read at once."""
    place = empty("sqlite")
    entries = [
        SilenceEntry(f"silence {at}", at, FAR_NS, os.urandom(600))
        for at in range(READ_BYTES // 500)
    ]
    place.write(Changes(silences=entries))
    return place


def refused(place: Place, path: Path, why: str) -> None:
    before = place.content()
    with pytest.raises(BackupError, match=why):
        place.restore(path)
    assert place.content() == before


def test_it_is_what_docs_say(filled: Place) -> None:
    path = filled.backed_up()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.with_name("backup.new").exists()
    first, *rows, last = map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
    assert (first["amp_backup"], first["state_schema"], first["history_schema"]) == (1, 1, 1)
    assert first["made_at"] == "2026-10-03T04:00:00Z"
    assert len(rows) == sum(last["rows"].values()) == last["rows"]["silence"]
    assert rows[0][:3] == ["silence", "silence 0", 0]


def test_a_file_that_is_cut_changes_nothing(filled: Place, empty: Callable[[str], Place]) -> None:
    path, target = filled.backed_up(), empty("sqlite")
    target.write(Changes())
    whole = path.read_bytes()
    for size in (0, 1, 20, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        refused(target, path, "damaged|no backup")
    lines = gzip.decompress(whole).splitlines(keepends=True)
    for cut in (lines[:-1], lines[:5], lines[:1], [*lines[:-2], lines[-1]], [*lines, lines[-1]]):
        path.write_bytes(gzip.compress(b"".join(cut)))
        refused(target, path, "damaged")
    path.write_bytes(gzip.compress(b"".join(lines)[:-1]))
    refused(target, path, "damaged")


def test_a_file_that_is_damaged_changes_nothing(
    filled: Place, empty: Callable[[str], Place]
) -> None:
    path, target = filled.backed_up(), empty("sqlite")
    target.write(Changes())
    whole = path.read_bytes()
    for at in (0, 40, len(whole) // 2, len(whole) - 6):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        refused(target, path, "damaged|no backup|not what")
    text = gzip.decompress(whole)
    path.write_bytes(gzip.compress(text.replace(b"silence 7", b"silence 8")))
    refused(target, path, "not what was written")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no backup of AMP, or damaged|has no end"),
        (b"alerts: []\n", "no backup of AMP"),
        (gzip.compress(b"{}\n{}\n"), "not a backup of AMP"),
        (gzip.compress(b"[]\n"), "not a backup|no end"),
        (gzip.compress(b'{"amp_backup":1}\n{}\n'), "lacks something"),
        (gzip.compress(b"\n" * 9), "not a backup|no end"),
        (gzip.compress(b"[" * 100_000 + b"\n{}\n"), "not a backup"),
        (gzip.compress(b" " * (65 << 20)), "a line does not end"),
    ],
)
def test_other_files_are_refused(
    content: bytes, why: str, empty: Callable[[str], Place], tmp_path: Path
) -> None:
    target = empty("sqlite")
    target.write(Changes())
    path = tmp_path / "file"
    path.write_bytes(content)
    refused(target, path, why)


def test_a_newer_releases_file_is_refused(filled: Place, empty: Callable[[str], Place]) -> None:
    path, target = filled.backed_up(), empty("sqlite")
    target.write(Changes())
    text = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(text.replace(b'"amp_backup":1', b'"amp_backup":2', 1)))
    refused(target, path, "made by release 1, which this one does not read")


def test_only_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(BackupError, match="is not a file"):
            Backup(tmp_path / name)
    with pytest.raises(BackupError, match="no such file"):
        Backup(tmp_path / "missing")
    with pytest.raises(BackupError, match="too many levels of symbolic links"):
        Backup(tmp_path / "link", follow=False)


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "backup"
    path.write_bytes(b"old")
    with pytest.raises(BackupError, match="no space left on device"), replaced(path):
        raise OSError(28, "No space left on device")
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["backup"]
    with pytest.raises(BackupError, match="no such file"), replaced(tmp_path / "no" / "x"):
        pass
    with pytest.raises(BackupError, match="is not a file"), replaced(tmp_path):
        pass


def test_there_must_be_a_store(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="nothing to back up"), opened("", tmp_path):
        pass
    with pytest.raises(BackupError, match="must start with"), opened("mysql://x", tmp_path):
        pass
    (tmp_path / "amp.db").write_bytes(b"not a database" * 100)
    with pytest.raises(BackupError, match="not a database"), opened("", tmp_path):
        pass


def test_history_may_be_left_out(filled: Place) -> None:
    out = io.BytesIO()
    with opened("", filled.folder) as source:
        rows, size = write(source, Header(1, "1", source.state_schema, 0), out)
    assert size == len(out.getvalue())
    assert set(rows) == {"silence", "notification_log", "alert"}


def test_it_is_of_one_moment(filled: Place) -> None:
    with opened("", filled.folder) as source:
        with closing(sqlite3.connect(filled.folder / "amp.db")) as server, server:
            server.execute("DELETE FROM silence WHERE id = 'silence 0'")
        out = io.BytesIO()
        rows, _ = write(source, Header(1, "1", 1, 0), out)
    assert rows["silence"] == len(filled.content()["silence"]) + 1


def test_every_table_is_in_it(filled: Place) -> None:
    kept = {table.name for table in (*STATE, *HISTORY)}
    for name in ("amp.db", "history.db"):
        with closing(sqlite3.connect(filled.folder / name)) as connection:
            sql = "SELECT name FROM sqlite_schema WHERE type = 'table'"
            found = {row[0] for row in connection.execute(sql)}
            for table in (*STATE, *HISTORY):
                if table.name in found:
                    info = connection.execute(f"PRAGMA table_info({table.name})").fetchall()
                    columns = {row[1] for row in info}
                    # The words of notes are made again.
                    assert columns - set(table.columns) <= {"words"}, table.name
        made = {item for item in found if item.startswith(("note_words", "sqlite_"))}
        assert found - made - kept == {"schema_version"}
