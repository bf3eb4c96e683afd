"""Storage folders are read, whoever wrote them, and nothing in them changes."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amp._core import NotificationLog, encode_silence, frame_silences
from amp.history.sqlite import SqliteHistory
from amp.store.base import Changes, SilenceEntry
from amp.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from checks import Check

REFERENCE = Path(__file__).parents[3] / "vectors" / "snapshots"
FACTS = json.loads((REFERENCE.parent / "snapshots.json").read_text(encoding="utf-8"))["cases"][0]
HOUR_NS = 3600 * 10**9
FAR_NS = 4_000_000_000 * 10**9


def digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.is_file()
    }


def silence(id: str, starts: int, ends: int, pattern: str = "x") -> SilenceEntry:
    sets = [[("a", "=~", pattern)]]
    record = encode_silence((id, sets, starts, ends, 1, FAR_NS, "me", "", {}))
    return SilenceEntry(id, 1, FAR_NS, record)


def test_a_folder_that_the_reference_wrote(check: Check, tmp_path: Path) -> None:
    for name in ("nflog", "silences"):
        shutil.copy(REFERENCE / name, tmp_path)
    before = digests(tmp_path)
    found = check(tmp_path)
    assert found.code == 0
    assert found.report["configuration"] is None
    stored = found.report["storage"]
    states = [stored["silences"][state] for state in ("active", "pending", "expired")]
    assert sum(states) <= len(FACTS["ids"])
    assert states[0] >= 2  # two of them end in 2058
    assert stored["silences"]["written_by"] == "alertmanager"
    assert stored["nflog"]["entries"] + stored["nflog"]["expired"] > 0
    assert stored["amp.db"] is None
    assert found.report["swap_back"]["safe"] is True
    assert digests(tmp_path) == before


def test_states_of_silences(check: Check, tmp_path: Path) -> None:
    entries = [
        silence("a", 1, FAR_NS),
        silence("b", FAR_NS - HOUR_NS, FAR_NS),
        silence("c", 1, 2),
        silence("d", 1, FAR_NS, "("),
    ]
    (tmp_path / "silences").write_bytes(frame_silences([entry.record for entry in entries]))
    found = check(tmp_path)
    stored = found.report["storage"]["silences"]
    assert (stored["active"], stored["pending"], stored["expired"]) == (2, 1, 1)
    [warning] = found.findings("warning")
    assert "silence d mutes nothing" in warning


def test_log_entries(check: Check, tmp_path: Path) -> None:
    log = NotificationLog()
    for key, expires in (("a", FAR_NS), ("b", 2)):
        log.record_hashes(key, [1], [], "r", "webhook", 0, now_ns=1, expires_at_ns=expires, data={})
    (tmp_path / "nflog").write_bytes(log.snapshot())
    stored = check(tmp_path).report["storage"]["nflog"]
    assert (stored["entries"], stored["expired"]) == (1, 1)


@pytest.mark.parametrize("name", ["nflog", "silences", "amp.db", "history.db"])
def test_a_damaged_file_is_an_error(check: Check, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xff" * 4096)
    found = check(tmp_path)
    assert found.code == 1
    [finding] = found.report["findings"]
    assert finding["file"] == str(tmp_path / name)
    assert found.report["storage"][name]["readable"] is False
    assert found.report["swap_back"]["safe"] is name.endswith(".db")


@pytest.mark.parametrize("name", ["nflog", "silences"])
def test_an_unreadable_file_is_an_error(check: Check, tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    found = check("--storage.path", tmp_path, "--", f"--config.file={config(tmp_path)}")
    assert found.code == 1
    assert "cannot be read: is a directory" in found.findings()[0]


def config(folder: Path) -> Path:
    file = folder / "alertmanager.yml"
    file.write_text("route: {receiver: r}\nreceivers: [{name: r}]\n")
    return file


def test_a_file_is_no_folder(check: Check, tmp_path: Path) -> None:
    found = check(f"--storage.path={config(tmp_path)}", config(tmp_path))
    assert found.code == 1
    assert ": not a directory" in found.findings()[0]


def test_configuration_and_state_in_one_folder(check: Check, tmp_path: Path) -> None:
    config(tmp_path)
    shutil.copy(REFERENCE / "silences", tmp_path)
    found = check(tmp_path)
    assert found.report["configuration"]["verdict"] == "accepted"
    assert found.report["storage"]["silences"]["readable"] is True


def test_files_that_were_moved_aside_are_told(check: Check, tmp_path: Path) -> None:
    shutil.copy(REFERENCE / "silences", tmp_path)
    (tmp_path / "nflog.corrupt-20260101T000000Z").touch()
    [warning] = check(tmp_path).findings("warning")
    assert "was damaged and moved aside" in warning


def store(folder: Path) -> SqliteStore:
    """An open store with two silences."""
    opened = SqliteStore(folder / "amp.db")
    opened.open()
    opened.write(Changes(silences=[silence("a", 1, FAR_NS), silence("b", 1, FAR_NS)]))
    return opened


def counted_elsewhere(file: Path) -> list[int]:
    """What another process counts: in one process all connections share the index."""
    code = "import sys, pathlib; from amp.cli.check.database import count;"
    code += "print(*count(pathlib.Path(sys.argv[1])).values())"
    command = [sys.executable, "-c", code, str(file)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [int(number) for number in printed.split()]


def test_a_database_in_use_is_read_and_not_held_up(tmp_path: Path) -> None:
    opened = store(tmp_path)
    before = digests(tmp_path)
    assert counted_elsewhere(tmp_path / "amp.db") == [0, 2, 0]
    assert digests(tmp_path) == before
    opened.write(Changes(silences=[silence("c", 1, FAR_NS)]))
    assert counted_elsewhere(tmp_path / "amp.db") == [0, 3, 0]
    opened.close()


def test_a_database_that_was_closed(check: Check, tmp_path: Path) -> None:
    store(tmp_path).close()
    before = digests(tmp_path)
    found = check(tmp_path)
    assert found.report["storage"]["amp.db"]["silences"] == 2
    assert found.report["storage"]["amp.db"]["closed"] is True
    assert "start and stop AMP once" in found.text  # nflog and silences are not there
    assert digests(tmp_path) == before


@pytest.mark.parametrize("left", [("-wal", "-shm"), ("-wal",)])
def test_a_database_whose_process_was_killed(
    check: Check, tmp_path: Path, left: tuple[str, ...]
) -> None:
    """What is left are the files as they were while it was open."""
    used, folder = tmp_path / "used", tmp_path / "left"
    used.mkdir()
    folder.mkdir()
    opened = store(used)
    for suffix in ("", *left):
        shutil.copy(used / f"amp.db{suffix}", folder)
    opened.close()
    before = digests(folder)
    found = check(folder)
    assert found.report["storage"]["amp.db"]["silences"] == 2
    assert found.report["storage"]["amp.db"]["closed"] is False
    assert found.report["swap_back"]["before"] == [
        "start and stop AMP once: what came last is in amp.db alone"
    ]
    assert digests(folder) == before


def test_a_database_of_something_else(check: Check, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "amp.db")) as other:
        other.execute("CREATE TABLE t (a)")
    assert "no such table" in check(tmp_path).findings()[0]


def history(folder: Path, *events: tuple[int, int]) -> Path:
    """A history that was closed, with these events: number and moment."""
    made = SqliteHistory(folder / "history.db")
    made.open()
    made.close()
    with closing(sqlite3.connect(made.path)) as changed:
        changed.executemany("INSERT INTO event VALUES (?, ?, 13, NULL, NULL, NULL)", events)
        changed.commit()
    return made.path


def test_a_history_tells_how_far_it_goes(check: Check, tmp_path: Path) -> None:
    history(tmp_path, (5, 10**18), (7, 10**18 + HOUR_NS))
    before = digests(tmp_path)
    found = check(tmp_path)
    assert found.code == 0
    stored = found.report["storage"]["history.db"]
    assert (stored["readable"], stored["closed"]) == (True, True)
    assert stored["from"].startswith("2001-09-09T01:46:40")
    assert stored["to"].startswith("2001-09-09T02:46:40")
    assert "history.db: 2001-09-09T01:46:40" in found.text
    assert digests(tmp_path) == before


def test_an_empty_history(check: Check, tmp_path: Path) -> None:
    history(tmp_path)
    found = check(tmp_path)
    assert found.report["storage"]["history.db"]["from"] is None
    assert "history.db: nothing yet" in found.text


@pytest.mark.parametrize(("name", "code"), [("amp.db", 1), ("history.db", 0)])
def test_a_database_of_a_newer_release(check: Check, tmp_path: Path, name: str, code: int) -> None:
    """The server refuses such a state; it runs without such a history."""
    if name == "amp.db":
        store(tmp_path).close()
    else:
        history(tmp_path)
    with closing(sqlite3.connect(tmp_path / name)) as changed:
        changed.execute("INSERT INTO schema_version VALUES (1000)")
        changed.execute("DROP TABLE IF EXISTS event")
        changed.commit()
    found = check(tmp_path)
    assert found.code == code
    [finding] = found.report["findings"]
    assert finding["file"] == str(tmp_path / name)
    assert "schema version 1000" in finding["text"]
    assert "a newer release wrote it" in finding["text"]
    assert found.report["storage"][name]["readable"] is False


def test_a_history_whose_process_was_killed(check: Check, tmp_path: Path) -> None:
    used, folder = tmp_path / "used", tmp_path / "left"
    used.mkdir()
    folder.mkdir()
    path = history(used, (5, 10**18))
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute("INSERT INTO event VALUES (9, ?, 13, NULL, NULL, NULL)", (10**18 + HOUR_NS,))
        for suffix in ("", "-wal"):
            shutil.copy(used / f"history.db{suffix}", folder)
    before = digests(folder)
    stored = check(folder).report["storage"]["history.db"]
    assert stored["closed"] is False
    assert stored["to"].startswith("2001-09-09T02:46:40")
    assert digests(folder) == before
