"""The `amtool` command: Alertmanager's tool with its commands, flags, output and exit codes.

Nothing of the server is imported, and of a command only what it needs: the tool starts fast.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from amp.cli.amtool.program import program
from amp.cli.command_line.clause import Fatal
from amp.cli.command_line.request import Reader, Request
from amp.cli.command_line.usage import terminal_width
from amp.errors import AmpError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import BinaryIO, TextIO

CONFIG_FILES = ("{home}/.config/amtool/config.yml", "/etc/amtool/config.yml")


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command; the process ends with upstream's exit code."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
    words = sys.argv[1:] if arguments is None else arguments
    try:
        with sys.stdin.buffer if sys.stdin is not None else open(os.devnull, "rb") as stdin:
            code = run(words, os.environ, stdin, sys.stdout, sys.stderr)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough; what is left must not fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = 1
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


def run(
    words: Sequence[str],
    environment: Mapping[str, str],
    stdin: BinaryIO,
    out: TextIO,
    err: TextIO,
) -> int:
    """Runs one command; its exit code.

    Args:
        words: the command line without the program's name.
        environment: `HOME`, `COLUMNS` and the variables of proxies.
        stdin: read by the commands that take standard input.
        out: standard output.
        err: standard error.
    """
    try:
        return _run(words, environment, stdin, out, err)
    except (AmpError, ValueError) as error:
        out.flush()
        end = "\n" if isinstance(error, Fatal) else "\n\n"
        err.write(f"amtool: error: {error}{end}")
        return 1


def _run(
    words: Sequence[str],
    environment: Mapping[str, str],
    stdin: BinaryIO,
    out: TextIO,
    err: TextIO,
) -> int:
    reader = Reader(
        program(),
        version=_version,
        width=terminal_width(environment),
        settings=_settings(environment),
    )
    request = reader.read(words)
    if not isinstance(request, Request):
        out.write(request)
        return 0
    from amp.cli.amtool.invocation import Invocation

    invocation = Invocation(request.values, stdin, out, err, environment)
    invocation.enter_features()
    if request.command is None:
        out.write(request.usage())
        return 0
    return invocation.run(request.command)


def _settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The defaults of the configuration files; most people have none."""
    home = environment.get("HOME", "")
    paths = [path.format(home=home) for path in CONFIG_FILES]
    paths = [path for path in paths if os.path.exists(path)]
    if not paths:
        return {}
    from amp.cli.amtool.settings import read_settings

    return read_settings(paths)


def _version() -> str:
    from amp.cli.version import version_text

    return version_text("amtool")
