"""`amp migrate` on both databases."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg
import pytest

from amp.cli.migrate import main
from amp.history.sqlite import SqliteHistory
from amp.store.lock import FolderLock
from amp.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Postgres

PENDING = "state    0001_state               pending\nhistory  0001_history             pending\n"
APPLIED = PENDING.replace("pending", "applied")


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """The flags of an empty store."""
    flags = [f"--config.file={tmp_path}/alertmanager.yml", f"--storage.path={tmp_path}"]
    if request.param == "postgres":
        postgres: Postgres = request.getfixturevalue("postgres")
        flags.append(f"--amp.database-url={postgres.database()}")
    return flags


def test_status_and_up(place: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for action, told in (
        ("status", PENDING), ("up", APPLIED), ("up", APPLIED), ("status", APPLIED),
    ):  # fmt: skip
        assert main([action, *place]) == 0
        assert capsys.readouterr().out == told


def test_a_newer_release(place: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", *place]) == 0
    if len(place) == 3:
        url = place[2].partition("=")[2]
        with psycopg.connect(url) as connection:
            connection.execute("INSERT INTO history_schema_version (version) VALUES (7)")
    else:
        file = f"{place[1].partition('=')[2]}/history.db"
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute("INSERT INTO schema_version VALUES (7)")
    assert main(["status", *place]) == 0
    assert "history  0007, of a newer release" in capsys.readouterr().out
    assert main(["up", *place]) == 1
    assert "a newer release wrote it" in capsys.readouterr().err


def test_what_the_server_makes_is_applied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for store in (SqliteStore(tmp_path / "amp.db"), SqliteHistory(tmp_path / "history.db")):
        store.open()
        store.close()
    assert main(["status", f"--storage.path={tmp_path}"]) == 0
    assert capsys.readouterr().out == APPLIED


def test_a_folder_in_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = FolderLock(tmp_path)
    lock.acquire()
    assert main(["up", f"--storage.path={tmp_path}"]) == 1
    assert "is used by process" in capsys.readouterr().err
    lock.release()


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ([], 2, "status or up is required"),
        (["down"], 2, "status or up is required"),
        (["up", "--storage.path=/nonexistent"], 1, "there is no storage folder"),
        (["status", "--amp.database-url=postgresql://u@127.0.0.1:1/d"], 1, "PostgreSQL: "),
    ],
)
def test_refusals(
    arguments: list[str], code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == code
    assert text in capsys.readouterr().err
