"""The `amp` command: `amp serve` and AMP's own tools, each in a file of its own."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TOOLS: Mapping[str, str] = MappingProxyType(
    {
        "backup": "amp.cli.backup",
        "check": "amp.cli.check.program",
        "migrate": "amp.cli.migrate",
        "restore": "amp.cli.restore",
        "schema": "amp.cli.schema",
    }
)
"""Command to the module whose `main(arguments)` runs it and gives the exit code; imported late."""

USAGE = """usage: amp <command> [<flags>]

Commands:
  serve      run the alert manager (the flags of `alertmanager`)
  check      tell what a configuration, flags and a storage folder will do
  backup     write all state and history into one file
  migrate    tell which migrations of the tables ran, or run them
  restore    merge such a file into a store
  schema     print the JSON Schema of a configuration file, for editors
  version    show the version

`amp <command> --help` tells more.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command; ends the process with 2 where there is none of that name."""
    command, *rest = (sys.argv[1:] if arguments is None else arguments) or ["help"]
    if command in TOOLS:
        sys.exit(_run(TOOLS[command], rest))
    if command in ("help", "--help", "-h"):
        print(USAGE, end="")
    elif command == "serve":
        # Not before: help needs nothing of the server.
        from amp.cli import alertmanager

        alertmanager.main(rest)
    elif command in ("version", "--version"):
        from amp.cli.version import version_text

        print(version_text("amp"), end="")
    else:
        print(f"amp: error: unknown command '{command}', try amp help", file=sys.stderr)
        sys.exit(2)


def _run(module: str, arguments: Sequence[str]) -> int:
    """The exit code of a tool; a reader that has seen enough (`| head`) is no reason to cry."""
    try:
        code: int = import_module(module).main(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code
