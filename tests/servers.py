"""Real servers that tests start for themselves, in temporary folders, and stop."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

import psycopg

STARTS_WITHIN_SECONDS = 60.0


def postgres_folder() -> Path:
    """Where PostgreSQL's programs are, the newest release first."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    if found:
        return found[0].parent
    program = shutil.which("initdb")
    if program is None:
        raise RuntimeError("PostgreSQL is not installed: run scripts/system test")
    return Path(program).resolve().parent


class Postgres:
    """A private server on a socket in its own folder; a user without rights runs it."""

    def __init__(self) -> None:
        self._programs = postgres_folder()
        self._folder = tempfile.TemporaryDirectory(
            prefix="amp-postgres-", ignore_cleanup_errors=True
        )
        self.home = Path(self._folder.name)
        self._user = _servant() if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(self.home, self._user.pw_uid, self._user.pw_gid)
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0

    def __enter__(self) -> Self:
        self._run(
            "initdb", "-D", self._data, "-U", "amp", "-A", "trust", "-N", "--locale=C", "-E", "UTF8"
        )
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._folder.cleanup()

    @property
    def _data(self) -> str:
        return str(self.home / "data")

    def _as_servant(self) -> dict[str, int]:
        return {} if self._user is None else {"user": self._user.pw_uid, "group": self._user.pw_gid}

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        subprocess.run(
            command, check=True, cwd=self.home, capture_output=True, **self._as_servant()
        )

    def url(self, database: str = "postgres") -> str:
        """The address of a database."""
        return f"postgresql://amp@/{database}?host={self.home}"

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(self._programs / "postgres"), "-D", self._data, "-k", str(self.home),
                    "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=50",
                    "-c", "shared_buffers=16MB",
                ],
                cwd=self.home, stdout=log, stderr=log, **self._as_servant(),
            )  # fmt: skip
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while True:
            try:
                psycopg.connect(self.url()).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.02)

    def stop(self) -> None:
        """Stops the server at once; what was committed stays."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=30)
            self._process = None

    def hang(self, hanging: bool) -> None:
        """Makes every process of the server stand still, or go on."""
        if self._process is not None:
            number = signal.SIGSTOP if hanging else signal.SIGCONT
            for pid in [self._process.pid, *_children(self._process.pid)]:
                os.kill(pid, number)

    def database(self) -> str:
        """Makes an empty database; its address."""
        self._databases += 1
        name = f"amp{self._databases}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)


def _servant() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("no user to run PostgreSQL as")


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]
