"""Writes made-up rows into a SQLite file or a PostgreSQL database.

python benches/history/load.py --events 1000000 --sqlite FILE --postgres URL
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from generate import SERIES, Generator, Rows, days

from amp.store.schema import HISTORY_VERSIONS, migrate_postgres, migrate_sqlite

if TYPE_CHECKING:
    from collections.abc import Collection

TABLES = (
    "series", "label", "series_label", "episode", "route_group", "episode_group",
    "episode_receiver", "episode_silence", "text", "event", "flush", "delivery",
)  # fmt: skip


def table(rows: Rows, name: str) -> Collection[tuple[Any, ...]]:
    """The rows of a table."""
    found = getattr(rows, name)
    return sorted(found.values()) if isinstance(found, dict) else sorted(found, key=lambda row: row)


def to_sqlite(rows: Rows, path: Path) -> None:
    """Fills a new file."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -500000")
    migrate_sqlite(connection, "history_sqlite")
    connection.execute("BEGIN")
    for name in TABLES:
        found = list(table(rows, name))
        marks = ",".join("?" * len(found[0]))
        connection.executemany(f"INSERT INTO {name} VALUES ({marks})", found)
    connection.executemany("INSERT INTO note VALUES (?,?,?,?,?,?,?)", rows.note)
    connection.executemany(
        "INSERT INTO note_words (rowid, words) VALUES (?,?)",
        [(row[0], row[6]) for row in rows.note],
    )
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def to_postgres(rows: Rows, url: str) -> None:
    """Fills an empty database."""
    with psycopg.connect(url, autocommit=True) as connection:
        migrate_postgres(connection, "history_postgres", HISTORY_VERSIONS)
        for first, last in days(rows):
            connection.execute(
                f"CREATE TABLE event_{first} PARTITION OF event "  # type: ignore[arg-type]
                f"FOR VALUES FROM ({first}) TO ({last})"
            )
        for name in TABLES:
            with connection.cursor().copy(f"COPY {name} FROM STDIN") as copy:  # type: ignore[arg-type]
                for row in table(rows, name):
                    copy.write_row(row)
        with connection.cursor().copy("COPY note FROM STDIN") as copy:
            for row in rows.note:
                words = " ".join(f"'{word}'" for word in row[6].split(" "))
                copy.write_row((*row[:6], words))
        connection.execute("VACUUM ANALYZE")


def main() -> None:
    """Reads the arguments and fills what they name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--series", type=int, default=SERIES)
    parser.add_argument("--sqlite", type=Path)
    parser.add_argument("--postgres")
    given = parser.parse_args()
    rows = Generator(given.events, time.time_ns(), given.series).run()
    print(json.dumps({name: len(getattr(rows, name)) for name in (*TABLES, "note")}))
    if given.sqlite:
        to_sqlite(rows, given.sqlite)
    if given.postgres:
        to_postgres(rows, given.postgres)


if __name__ == "__main__":
    main()
