"""What amtool imports: little for help, never anything of the server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(sys.executable).parent / "amtool"
SLOW = {"asyncio", "dataclasses", "http", "json", "pathlib", "ssl", "urllib", "yaml", "amp._core"}
SERVER = {
    "uvicorn", "uvloop", "httptools", "prometheus_client", "psycopg", "sqlite3",
    "amp.app", "amp.server", "amp.store", "amp.dispatch", "amp.live", "amp.metrics", "amp.notify",
}  # fmt: skip


def imported(*words: str, cwd: Path | None = None) -> set[str]:
    """The modules that the installed command imports; measuring coverage would import more."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")
    }
    done = subprocess.run(
        [sys.executable, "-X", "importtime", TOOL, *words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


@pytest.mark.parametrize(
    "words", [["--help"], ["silence", "add", "--help"], ["bogus"], ["help", "config"]]
)
def test_help_imports_nothing_slow(words: list[str]) -> None:
    found = imported(*words)
    assert "amp.cli.amtool" in found
    assert not {name for name in found if {name, name.partition(".")[0]} & (SLOW | {"aiohttp"})}


@pytest.mark.parametrize(
    "words",
    [
        ["check-config", "small.yml"],
        ["config", "routes", "--config.file=small.yml"],
        ["template", "render", "--template.glob=x", "--template.text=x"],
        ["--alertmanager.url=http://127.0.0.1:1", "alert"],
    ],
)
def test_commands_import_nothing_of_the_server(words: list[str]) -> None:
    found = imported(*words, cwd=Path(__file__).parents[2] / "vectors/amtool")
    parts = {".".join(name.split(".")[:count]) for name in found for count in (1, 2)}
    assert not parts & SERVER
    assert ("aiohttp" in parts) == ("alert" in words)
