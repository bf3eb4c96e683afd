"""What only PostgreSQL can suffer: a lease, a server that stops, one that stands still."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest

from amp.errors import StoreLocked, StoreUnavailable
from amp.store.base import Changes, SilenceEntry, StoreRefusedError
from amp.store.holder import HolderId, holder_name
from amp.store.postgres import PostgresStore
from fakes import settle
from houses import House, alert, build, knows, record
from stores import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers import Postgres

HOLDER = (
    "import sys; from amp.store.postgres import PostgresStore; "
    "store = PostgresStore(sys.argv[1]); store.open(); print(1, flush=True); sys.stdin.read()"
)


@pytest.fixture
def store(postgres_url: str) -> Iterator[PostgresStore]:
    """An open store."""
    store = PostgresStore(postgres_url)
    store.open()
    yield store
    store.close()


def run(url: str, sql: str) -> None:
    """A statement from outside."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.encode())


def test_a_second_holder_waits_for_a_sign_of_life(store: PostgresStore, postgres_url: str) -> None:
    second = PostgresStore(postgres_url)
    with pytest.raises(StoreUnavailable, match=f"leased by {holder_name()}"):
        second.open()
    store._held_at = 0.0
    store.renew()
    with pytest.raises(StoreLocked, match=f"used by {holder_name()}"):
        second.open()
    second.close()


def test_a_lease_that_ran_out_is_taken(store: PostgresStore, postgres_url: str) -> None:
    run(postgres_url, "UPDATE lease SET expires_at = now() - interval '1 second'")
    second = PostgresStore(postgres_url)
    second.open()
    store._held_at = 0.0
    with pytest.raises(StoreLocked):
        store.write(Changes(alerts=[alert(1)]))
    with pytest.raises(StoreLocked):
        store.renew()
    assert list(second.alert_rows()) == []
    second.close()


def test_a_holder_that_was_killed_here_is_replaced_at_once(postgres_url: str) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, postgres_url],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout is not None
    holder.stdout.readline()
    store = PostgresStore(postgres_url)
    with pytest.raises(StoreUnavailable, match=f"leased by process {holder.pid} on "):
        store.open()
    holder.kill()
    holder.communicate()
    store.open()
    store.close()


def test_a_lease_is_given_back(store: PostgresStore, postgres_url: str) -> None:
    store.close()
    second = PostgresStore(postgres_url)
    second.open()
    second.close()


def test_a_lost_lease_row_is_written_again(store: PostgresStore, postgres_url: str) -> None:
    run(postgres_url, "DELETE FROM lease")
    store._held_at = 0.0
    store.write(Changes(alerts=[alert(1)]))
    second = PostgresStore(postgres_url)
    with pytest.raises(StoreUnavailable, match="leased by"):
        second.open()
    second.close()


def test_names_of_holders() -> None:
    own = HolderId.own()
    assert HolderId.parse(str(own)) == own
    assert HolderId.own() != own, "two stores of one process are two holders"
    assert not own.is_dead()
    assert own._replace(started="1").is_dead(), "the number is in use again"
    assert own._replace(pid=0).is_dead()
    assert not own._replace(machine="elsewhere", pid=0).is_dead(), "nobody can tell from here"
    for text in ("", "a/b/c/d", "a/1/c"):
        assert HolderId.parse(text) is None


def test_many_start_at_once(postgres_url: str) -> None:
    stores = [PostgresStore(postgres_url) for _ in range(8)]

    def migrate(store: PostgresStore) -> str:
        try:
            store.open()
        except StoreUnavailable:
            return "waits"
        return "holds"

    with ThreadPoolExecutor(8) as threads:
        results = sorted(threads.map(migrate, stores))
    for store in stores:
        store.close()
    assert results == ["holds"] + ["waits"] * 7


def test_a_line_that_broke_unseen_is_no_outage(postgres_url: str) -> None:
    store = PostgresStore(postgres_url)
    store.open()
    run(
        postgres_url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'amp' AND datname = current_database()",
    )
    store.write(Changes(alerts=[alert(1)]))
    assert sum(len(rows) for rows in store.alert_rows()) == 1
    store.close()


def test_a_row_that_cannot_be_kept_is_refused(store: PostgresStore) -> None:
    with pytest.raises(StoreRefusedError):
        store.write(Changes(silences=[SilenceEntry("a", 1 << 63, 2, b"")]))
    entry = SilenceEntry('a\\"{},é\n', 1, 2, b'\0\\"')
    store.write(Changes(silences=[entry]))
    assert store.silences() == [entry]
    store.write(Changes(removed_silences=[entry.id]))
    assert store.silences() == []


async def test_a_server_that_restarts_is_found_again(
    postgres: Postgres, postgres_url: str, tmp_path: Path
) -> None:
    house = build(tmp_path, PostgresStore(postgres_url))
    await house.storage.open()
    record(house, "before")
    await house.writer.flush()
    postgres.stop()
    record(house, "meanwhile")
    with pytest.raises(StoreUnavailable, match="PostgreSQL: "):
        await house.writer.flush()
    assert not house.writer.health.ok
    postgres.start()
    await house.writer.flush()
    assert house.writer.health.ok
    assert sum(len(rows) for rows in house.store.log_rows()) == 2
    await house.storage.close()


async def test_a_server_that_is_away_at_the_end_does_not_hold_it_up(
    postgres: Postgres, postgres_url: str, tmp_path: Path
) -> None:
    house = build(tmp_path, PostgresStore(postgres_url))
    await house.storage.open()
    record(house)
    postgres.stop()
    await house.storage.close()
    assert "Last changes are not in the store" in house.log.getvalue()
    again = build(tmp_path, MemoryStore(), house.clock)
    await again.storage.open()
    assert knows(again)
    again.storage.release()
    postgres.start()


async def test_a_server_that_stands_still_is_left(
    postgres: Postgres, postgres_url: str, tmp_path: Path
) -> None:
    house = build(tmp_path, PostgresStore(postgres_url))
    await house.storage.open()
    postgres.hang(True)
    try:
        asking = asyncio.create_task(house.writer.write(Changes(removed_silences=["a"])))
        await caught_up_with(house, asking)
        with pytest.raises(StoreUnavailable, match="no answer within 10 seconds"):
            await asking
    finally:
        postgres.hang(False)
    await house.writer.write(Changes(silences=[SilenceEntry("a", 1, 2, b"")]))
    assert house.writer.health.ok
    await house.storage.close()


async def test_a_server_that_stands_still_does_not_hold_the_end_up(
    postgres: Postgres, postgres_url: str, tmp_path: Path
) -> None:
    house = build(tmp_path, PostgresStore(postgres_url))
    await house.storage.open()
    record(house)
    postgres.hang(True)
    try:
        closing = asyncio.create_task(house.storage.close())
        await settle()
        await house.clock.advance(3)
        await closing
    finally:
        postgres.hang(False)
    again = build(tmp_path, MemoryStore(), house.clock)
    await again.storage.open()
    assert knows(again)
    again.storage.release()


async def caught_up_with(house: House, asking: asyncio.Task[None]) -> None:
    """Lets the writer's ten seconds pass."""
    await settle()
    await house.clock.advance(10)
    await asyncio.wait([asking])


def test_the_url_never_shows_in_an_error(postgres_url: str) -> None:
    wrong = PostgresStore("postgresql://amp:s3cret@127.0.0.1:1/x")
    with pytest.raises(StoreUnavailable) as refusal:
        wrong.open()
    assert "s3cret" not in str(refusal.value)
    assert "PostgreSQL: connection failed" in str(refusal.value)
