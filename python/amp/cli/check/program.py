"""The command line of `amp check`."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from typing import TYPE_CHECKING

from amp.cli.command_line.clause import HELP, Argument, Command, Flag, UsageError
from amp.cli.command_line.request import Reader, Request
from amp.cli.command_line.usage import terminal_width
from amp.cli.command_line.value import BOOLEAN, TEXTS, enumeration
from amp.errors import AmpError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amp.cli.check.report import Report

PROGRAM = Command(
    "amp check",
    "Checks a configuration file, a folder with alertmanager.yml, or a storage folder. Nothing is"
    " written, sent or locked. What stands after -- are the server's flags. Exit codes: 0 fine,"
    " 1 the server would refuse it or a notification would fail, 2 wrong usage.",
    flags=(
        HELP,
        Flag("storage.path", "Also look into this storage folder."),
        Flag("flags", "The server's flags in one text; those after -- count besides."),
        Flag("output", "simple or json.", enumeration("simple", "json"), default="simple"),
        Flag("strict", "Exit with 1 for warnings too.", BOOLEAN),
    ),
    argument=Argument("path", "A folder or a file.", TEXTS),
)


def main(arguments: Sequence[str]) -> int:
    """Checks and tells; the exit code."""
    words = list(arguments)
    cut = words.index("--") if "--" in words else len(words)
    own, server = words[:cut], words[cut + 1 :]
    try:
        request = Reader(PROGRAM, version=str, width=terminal_width(os.environ)).read(_joined(own))
        if not isinstance(request, Request):
            print(request, end="")
            return 0
        values = request.values.given_values()
        targets = request.values.texts("path")
        if len(targets) > 1:
            raise UsageError(f"unexpected {targets[1]}")
        server = shlex.split(str(values.get("flags", ""))) + server
        report = _report(targets[0] if targets else "", str(values.get("storage.path", "")), server)
    except (AmpError, ValueError) as error:
        print(f"amp check: error: {error}, try --help", file=sys.stderr)
        return 2
    if values.get("output") == "json":
        print(json.dumps(report.plain(), ensure_ascii=False, indent=2))
    else:
        from amp.cli.check.shown import shown

        print(shown(report), end="")
    return report.exit_code(strict=bool(values.get("strict")))


def _joined(words: Sequence[str]) -> list[str]:
    """The words with the value of `--flags` in its own word: it begins with dashes itself."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] == "--flags":
            joined[-1] = f"--flags={word}"
        else:
            joined.append(word)
    return joined


def _report(target: str, storage: str, server: Sequence[str]) -> Report:
    # Not before: help and wrong usage need nothing of it.
    from amp.cli.check.examination import examine
    from amp.cli.check.given import given
    from amp.cli.check.server_flags import ServerFlags

    flags = ServerFlags(server, os.environ)
    found = given(target, storage, flags.named, flags.options)
    return examine(found, flags if server else None, time.time_ns())
