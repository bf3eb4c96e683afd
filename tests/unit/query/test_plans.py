"""With an index for a filter no database looks through all episodes."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from generate import Generator, Rows
from load import to_postgres, to_sqlite

from amp.query.bounds import Bounds
from amp.query.episodes import page
from amp.query.filters import EPISODE_FILTERS, PAGING, Parameters, question

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from amp.query.cursor import Cursor
    from servers import Postgres

EVENTS = 100_000
SERIES = 2000

# A plain walk in order of the start is no scan: a page or the bound of counting ends it.
QUESTIONS: list[list[tuple[str, str]]] = [
    [("alert_name", "NodeDown")], [("severity", "critical")], [("namespace", "space-1")],
    [("severity", "critical"), ("severity", "info")], [("label[service]", "service-7")],
    [("filter", 'instance="10.7.7.7:9100"')], [("fingerprint", "0123456789abcdef")],
    [("status", "firing")], [("receiver", "pager")], [("group_key", "none")],
    [("silence_id", "none")], [("silenced", "true")], [("inhibited", "true")],
    [("delivery_status", "failed")], [("delivery_status", "pending")], [("is_flapping", "true")],
    [("generator_url", "none")], [("min_duration", "1d")], [("max_duration", "1m")],
    [("search", "node down")], [("sort", "ends_at")], [("sort", "duration")], [],
    [("alert_name", "NodeDown"), ("silenced", "true"), ("receiver", "mail")],
    [("from", "WEEK"), ("to", "DAY")], [("severity", "critical"), ("from", "WEEK"), ("to", "DAY")],
]  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> Rows:
    return Generator(EVENTS, time.time_ns(), SERIES).run()


class Watched:
    """A reader that asks the database how it would answer."""

    def __init__(self, dialect: str, execute: Any) -> None:
        self.dialect = dialect
        self._execute = execute
        self.plans: list[tuple[str, str]] = []

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        explain = "EXPLAIN QUERY PLAN " if self.dialect == "sqlite" else "EXPLAIN "
        text = sql if self.dialect == "sqlite" else sql.replace("?", "%s")
        plan = self._execute(explain + text, parameters).fetchall()
        self.plans.append((sql, "\n".join(str(row[-1]) for row in plan)))
        found: list[tuple[Any, ...]] = self._execute(text, parameters).fetchall()
        return found


@pytest.fixture(scope="module")
def sqlite(rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    path: Path = tmp_path_factory.mktemp("plans") / "history.db"
    to_sqlite(rows, path)
    connection = sqlite3.connect(path)
    yield Watched("sqlite", connection.execute)
    connection.close()


@pytest.fixture(scope="module")
def server(rows: Rows, postgres: Postgres) -> Iterator[Watched]:
    url = postgres.database()
    to_postgres(rows, url)
    with psycopg.connect(url, prepare_threshold=None) as connection:
        yield Watched("postgres", connection.execute)


def ask(reader: Watched, given: list[tuple[str, str]], cursor: Cursor | None = None) -> None:
    now = int(time.time())
    moments = {"WEEK": str(now - 7 * 86400), "DAY": str(now - 86400)}
    named = [(name, moments.get(value, value)) for name, value in given]
    asked = question(Parameters(named, EPISODE_FILTERS | PAGING), "fallback")
    reader.plans.clear()
    bounds = Bounds(exact=1000, handful=200, sample=100)
    page(reader, asked, time.time_ns(), 20, cursor, bounds)


@pytest.mark.parametrize("given", QUESTIONS, ids=str)
def test_sqlite_never_sorts_nor_walks_all_episodes(
    sqlite: Watched, given: list[tuple[str, str]]
) -> None:
    ask(sqlite, given)
    for sql, plan in sqlite.plans:
        scans = [line for line in plan.splitlines() if "SCAN e" in line]
        # Forced indexes in order and the clustered table in order, both ended by a limit.
        assert all("LIMIT" in sql for _ in scans), f"{sql}\n{plan}"


@pytest.mark.parametrize("given", QUESTIONS, ids=str)
def test_postgres_never_scans_the_episodes(server: Watched, given: list[tuple[str, str]]) -> None:
    ask(server, given)
    for sql, plan in server.plans:
        assert "Seq Scan on episode " not in plan, f"{sql}\n{plan}"
