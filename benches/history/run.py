"""Asks a real server random questions of each class and prints how long the answers took.

    benches/history/run --events 1000000 --events 10000000 --databases sqlite,postgres

Stores are made anew unless `--keep FOLDER` has them. PostgreSQL is a private server with its
default settings.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from generate import SERIES, Generator
from load import to_postgres, to_sqlite
from questions import Questions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONFIG = "route: {receiver: none}\nreceivers: [{name: none}]\n"
WARM = 3
SAMPLES = {
    "fingerprints": "SELECT fingerprint FROM series WHERE id % 40 = 0",
    "instances": "SELECT value FROM label WHERE name = 'instance' LIMIT 500",
    "group_keys": "SELECT group_key FROM route_group LIMIT 500",
    "silences": "SELECT body FROM text WHERE length(body) = 32 LIMIT 200",
    "urls": "SELECT generator_url FROM note LIMIT 500",
}


def main() -> None:
    """Reads the arguments, makes stores, asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, action="append")
    parser.add_argument("--series", type=int, default=SERIES)
    parser.add_argument("--databases", default="sqlite,postgres")
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=1, help="the best of so many counts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--sqlite-file", type=Path, help="a store that load.py made")
    parser.add_argument("--postgres-url", help="a database that load.py filled")
    given = parser.parse_args()
    if given.sqlite_file or given.postgres_url:
        if given.sqlite_file:
            measure("sqlite", given.sqlite_file, given)
        if given.postgres_url:
            measure("postgres", given.postgres_url, given)
        return
    for events in given.events or [1_000_000]:
        rows = Generator(events, time.time_ns(), given.series).run()
        for database in given.databases.split(","):
            with tempfile.TemporaryDirectory(prefix="amp-history-") as folder:
                print(f"\n{events} events, {database}")
                if database == "sqlite":
                    to_sqlite(rows, Path(folder) / "history.db")
                    measure("sqlite", Path(folder) / "history.db", given)
                    continue
                sys.path.append(str(Path(__file__).parents[2] / "tests"))
                from servers import Postgres

                with Postgres() as server:
                    url = server.database()
                    to_postgres(rows, url)
                    measure("postgres", url, given)


def measure(database: str, place: Path | str, given: argparse.Namespace) -> None:
    """Prints a line for each class."""
    if database == "sqlite":
        connection = sqlite3.connect(place)
        execute: Callable[[str], list[tuple[object, ...]]] = lambda sql: connection.execute(  # noqa: E731
            sql
        ).fetchall()
    else:
        postgres = psycopg.connect(str(place), autocommit=True)
        execute = lambda sql: postgres.execute(sql.encode()).fetchall()  # noqa: E731
    samples = {name: [row[0] for row in execute(sql)] for name, sql in SAMPLES.items()}
    samples["fingerprints"] = [
        f"{int(str(one)) % (1 << 64):016x}" for one in samples["fingerprints"]
    ]
    questions = Questions(given.seed, **samples)  # type: ignore[arg-type]
    with served(database, place) as port:
        print(f"load of the machine: {os.getloadavg()[0]:.1f}; best of {given.rounds} rounds")
        print(f"{'class':22} {'p50 ms':>8} {'p95 ms':>8} {'most ms':>8} {'target':>7}")
        for name, (target, make) in questions.classes().items():
            if given.only and given.only not in name:
                continue
            rounds = [asked(port, make, given.questions) for _ in range(given.rounds)]
            best = min(rounds, key=lambda one: high(one[0]))
            print(line(name, target, *best), flush=True)


def asked(port: int, make: Callable[[], str], count: int) -> tuple[list[float], str]:
    """Milliseconds of each answer, and the slowest question."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    took, slowest = [], (0.0, "")
    for number in range(count + WARM):
        path = make()
        began = time.perf_counter()
        client.request("GET", path, headers={"cache-control": "no-cache"})
        answer = client.getresponse()
        body = answer.read()
        seconds = (time.perf_counter() - began) * 1000
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {body[:300]!r}")
        if number >= WARM:
            took.append(seconds)
            slowest = max(slowest, (seconds, path))
    client.close()
    return took, slowest[1]


def high(took: list[float]) -> float:
    """The 95th percentile."""
    return sorted(took)[int(len(took) * 0.95)]


def line(name: str, target: float, took: list[float], slowest: str) -> str:
    """One row of the table."""
    late = high(took)
    mark = "" if late <= target else "  !"
    return (
        f"{name:22} {statistics.median(took):8.1f} {late:8.1f} {max(took):8.1f} "
        f"{target:7.1f}{mark}" + (f"  {slowest[:160]}" if mark else "")
    )


@contextmanager
def served(database: str, place: Path | str) -> Iterator[int]:
    """A server on this store; its port."""
    with tempfile.TemporaryDirectory(prefix="amp-served-") as name:
        folder = Path(name)
        (folder / "alertmanager.yml").write_text(CONFIG)
        storage = folder / "data"
        storage.mkdir()
        arguments = []
        if database == "sqlite":
            (storage / "history.db").symlink_to(Path(place).resolve())
        else:
            arguments = [f"--amp.database-url={place}"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        process = subprocess.Popen(
            [
                str(Path(sys.executable).parent / "alertmanager"),
                f"--config.file={folder / 'alertmanager.yml'}",
                f"--storage.path={storage}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
                "--amp.history.retention=2000h",
                "--log.level=error",
                *arguments,
            ]
        )
        try:
            wait(port)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=60)


def wait(port: int) -> None:
    """Until the history answers."""
    deadline = time.monotonic() + 120
    while True:
        try:
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            client.request("GET", "/history?limit=1")
            answer = client.getresponse()
            total = json.loads(answer.read() or b"{}").get("total", 0)
            client.close()
            if answer.status == 200 and total:
                return
        except (OSError, ValueError):
            pass
        if time.monotonic() > deadline:
            raise SystemExit("the server does not answer")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
