"""The `amp` command: `amp serve` and, as they are built, AMP's own tools."""

from __future__ import annotations

import sys

from amp.cli import alertmanager
from amp.cli.version import version_text

USAGE = """usage: amp <command> [<flags>]

Commands:
  serve      run the alert manager (the flags of `alertmanager`)
  version    show the version
"""


def main() -> None:
    """Runs one command."""
    command, *rest = sys.argv[1:] or ["help"]
    if command == "serve":
        alertmanager.main(rest)
    elif command in ("version", "--version"):
        print(version_text("amp"), end="")
    elif command in ("help", "--help", "-h"):
        print(USAGE, end="")
    else:
        print(f"amp: error: unknown command '{command}', try amp help", file=sys.stderr)
        sys.exit(1)
