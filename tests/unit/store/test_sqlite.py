"""What only SQLite can suffer: damage, a full disk, a file that goes away, bursts."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from amp.errors import StoreLocked, StoreUnavailable
from amp.store.base import Changes, SilenceEntry, StoreCorruptError, StoreRefusedError
from amp.store.lock import FolderLock
from amp.store.silence import Silence
from amp.store.sqlite import SqliteStore
from houses import alert, build, knows, record

if TYPE_CHECKING:
    from pathlib import Path

FILLED = Changes(alerts=[alert(number) for number in range(2000)])


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    """An open store."""
    store = SqliteStore(tmp_path / "amp.db")
    store.open()
    return store


def test_a_file_that_is_no_database_is_corrupt(tmp_path: Path) -> None:
    (tmp_path / "amp.db").write_bytes(b"no database" * 1000)
    store = SqliteStore(tmp_path / "amp.db")
    with pytest.raises(StoreCorruptError):
        store.open()
    aside = store.rebuild()
    assert aside.startswith(str(tmp_path / "amp.db.corrupt-"))
    store.write(FILLED)
    store.close()


def test_damage_inside_is_found_while_reading(store: SqliteStore, tmp_path: Path) -> None:
    store.write(FILLED)
    store.close()
    damage(tmp_path / "amp.db", 4)
    again = SqliteStore(tmp_path / "amp.db")
    again.open()
    with pytest.raises(StoreCorruptError):
        list(again.alert_rows())
    again.close()


async def test_a_corrupt_file_is_rebuilt_from_the_snapshots(tmp_path: Path) -> None:
    house = build(tmp_path, SqliteStore(tmp_path / "amp.db"))
    await house.storage.open()
    record(house)
    await house.storage.close()
    (tmp_path / "amp.db").write_bytes(b"no database" * 1000)
    again = build(tmp_path, SqliteStore(tmp_path / "amp.db"), house.clock)
    await again.storage.open()
    assert knows(again)
    assert again.writer.health.ok
    assert again.sample("amp_snapshot_corrupt_total", file="database") == 1
    await again.writer.flush()
    assert len(list(again.store.log_rows())) == 1
    await again.storage.close()


async def test_what_a_damaged_file_still_told_goes_into_the_new_one(tmp_path: Path) -> None:
    house = build(tmp_path, SqliteStore(tmp_path / "amp.db"))
    await house.storage.open()
    now_ns = house.clock.now_ns()
    id = await house.silences.set(Silence("", ((("a", "=", "1"),),), now_ns, now_ns + 1))
    record(house)
    await house.writer.flush()
    house.alerts.put(*(alert(number) for number in range(5000)))
    await house.writer.flush()
    house.storage.release()
    damage(tmp_path / "amp.db", 40)
    again = build(tmp_path, SqliteStore(tmp_path / "amp.db"), house.clock)
    await again.storage.open()
    assert again.silences.get(id)
    assert [entry.id for entry in again.store.silences()] == [id]
    await again.writer.flush()
    assert sum(len(rows) for rows in again.store.log_rows()) == 1
    kept = sum(len(rows) for rows in again.store.alert_rows())
    assert kept == len(again.alerts.rows)
    await again.storage.close()


def damage(path: Path, page: int) -> None:
    """Overwrites a part of a file from a page on."""
    with path.open("r+b") as file:
        file.seek(4096 * page)
        file.write(b"\xff" * 4096 * 20)


class Stubborn(SqliteStore):
    """Is built anew, but says so only the second time."""

    failures = 1

    def rebuild(self) -> str:
        aside = super().rebuild()
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("not yet")
        return aside


async def test_a_store_that_is_built_anew_late_is_filled_all_the_same(tmp_path: Path) -> None:
    house = build(tmp_path, Stubborn(tmp_path / "amp.db"))
    await house.storage.open()
    record(house, "first")
    await house.writer.flush()
    os.unlink(tmp_path / "amp.db")  # noqa: PTH108
    record(house, "second")
    with pytest.raises(StoreUnavailable, match="not yet"):
        await house.writer.flush()
    await house.writer.flush()
    assert sum(len(rows) for rows in house.store.log_rows()) == 2
    await house.storage.close()


async def test_a_file_that_goes_away_while_running_is_written_anew(tmp_path: Path) -> None:
    house = build(tmp_path, SqliteStore(tmp_path / "amp.db"))
    await house.storage.open()
    record(house, "first")
    house.alerts.put(alert(1))
    await house.writer.flush()
    os.unlink(tmp_path / "amp.db")  # noqa: PTH108
    record(house, "second")
    await house.writer.flush()
    await house.writer.flush()
    rows = [row for rows in house.store.log_rows() for row in rows]
    alerts = [row for rows in house.store.alert_rows() for row in rows]
    assert (len(rows), len(alerts)) == (2, 1)
    assert house.writer.health.ok
    await house.storage.close()


def test_a_full_disk_refuses_and_keeps_what_was(tmp_path: Path) -> None:
    """The limit on a file's size stands in for the disk: the kernel refuses to write beyond it."""
    script = """
import resource, signal, sys
from pathlib import Path
from amp.errors import StoreUnavailable
from amp.store.base import Changes, SilenceEntry
from amp.store.sqlite import SqliteStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = SqliteStore(Path(sys.argv[1]))
store.open()
store.write(Changes(silences=[SilenceEntry("kept", 1, 2, b"x")]))
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
try:
    store.write(Changes(silences=[SilenceEntry("big", 1, 2, b"x" * 1_000_000)]))
except StoreUnavailable as error:
    print("refused:", error)
print(*[entry.id for entry in store.silences()])
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.write(Changes(silences=[SilenceEntry("later", 1, 2, b"x")]))
print(*sorted(entry.id for entry in store.silences()))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "amp.db")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    refused, before, after = done.stdout.splitlines()
    assert refused.startswith("refused: amp.db: ")
    assert before == "kept"
    assert after == "kept later"


def test_a_full_database_refuses_until_there_is_room(store: SqliteStore) -> None:
    store.write(FILLED)
    limit_pages(store, 10)
    with pytest.raises(StoreUnavailable, match="full"):
        store.write(Changes(alerts=[alert(number) for number in range(3000, 5000)]))
    limit_pages(store, 1 << 30)
    store.write(Changes(alerts=[alert(3000)]))
    assert sum(len(rows) for rows in store.alert_rows()) == 2001
    store.close()


def limit_pages(store: SqliteStore, pages: int) -> None:
    """SQLite's own limit of the file's size, on the store's connection."""
    connection = store._writer
    assert connection is not None
    connection.execute(f"PRAGMA max_page_count = {pages}")


def test_a_row_that_cannot_be_kept_is_refused(store: SqliteStore) -> None:
    for entry in (SilenceEntry("a", 1 << 63, 2, b""), SilenceEntry("\ud800", 1, 2, b"")):
        with pytest.raises(StoreRefusedError):
            store.write(Changes(silences=[entry]))
    store.write(Changes(silences=[SilenceEntry("a", 1, 2, b"")]))
    store.close()


def test_a_burst_never_sees_a_locked_database(store: SqliteStore) -> None:
    def read(_: int) -> int:
        return sum(len(rows) for rows in store.alert_rows()) + len(store.silences())

    def write(number: int) -> None:
        entry = SilenceEntry(str(number), 1, 2, b"x" * 100)
        store.write(Changes(alerts=[alert(number)], silences=[entry]))

    with ThreadPoolExecutor(1) as writer, ThreadPoolExecutor(8) as readers:
        writes = [writer.submit(write, number) for number in range(200)]
        reads = [readers.submit(read, number) for number in range(200)]
        for call in (*writes, *reads):
            call.result()
    assert read(0) == 400
    store.close()


def test_somebody_elses_transaction_is_waited_for(store: SqliteStore, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "amp.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as writer:
        waiting = writer.submit(store.write, Changes(alerts=[alert(1)]))
        other.execute("COMMIT")
        waiting.result()
    other.close()
    store.close()


def test_durable_rows_are_synced_and_others_are_not(store: SqliteStore) -> None:
    def level() -> int:
        connection = store._writer
        assert connection is not None
        found: int = connection.execute("PRAGMA synchronous").fetchone()[0]
        return found

    store.write(Changes(alerts=[alert(1)]))
    assert level() == 1
    store.write(Changes(log=[(b"k", 1, 2, b"")]))
    assert level() == 2
    store.write(Changes(silences=[SilenceEntry("a", 1, 2, b"")]))
    assert level() == 2
    store.close()


def test_the_lock_names_its_holder_and_ends_with_it(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from amp.store.lock import FolderLock; "
        "FolderLock(Path(sys.argv[1])).acquire(); print(1, flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout is not None
    holder.stdout.readline()
    lock = FolderLock(tmp_path)
    with pytest.raises(StoreLocked, match=f"used by process {holder.pid} on "):
        lock.acquire()
    holder.kill()
    holder.communicate()
    lock.acquire()
    lock.release()
    lock.release()
