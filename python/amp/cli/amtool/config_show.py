"""`amtool config show` (Upstream: cli/config.go, cli/format FormatConfig)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.cli.amtool.json_text import encode
from amp.cli.amtool.status import status

if TYPE_CHECKING:
    from amp.cli.amtool.invocation import Invocation

VERSION_KEYS = ("buildUser", "goVersion", "revision", "version", "branch", "buildDate")


def config(invocation: Invocation) -> None:
    """Shows the running configuration; other forms show more of the status."""
    found = status(invocation, "config")
    form = invocation.values.text("output")
    if form == "json":
        invocation.write(f"{encode(found)}\n")
        return
    invocation.write(f"{found['config']['original'] or ''}\n")
    if form == "extended":
        # Upstream shows addresses in its memory for all of these but the last.
        version = found["versionInfo"] or {}
        lines = [f"{key} {version.get(key) or ''}\n" for key in VERSION_KEYS]
        invocation.write("".join([*lines, f"uptime {found['uptime'] or ''}\n"]))
