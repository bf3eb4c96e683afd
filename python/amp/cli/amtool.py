"""The `amtool` command. Its commands are built in the operations issue; until then it says so."""

from __future__ import annotations

import sys

from amp.cli.alertmanager import version_text


def main() -> None:
    """Shows the version, or says what is missing."""
    if sys.argv[1:] == ["--version"]:
        print(version_text("amtool"), end="")
        return
    print(
        "amtool: error: AMP's own amtool is not built yet; upstream's amtool works against AMP",
        file=sys.stderr,
    )
    sys.exit(1)
