"""`amtool check-config` (Upstream: cli/check_config.go)."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from amp.cli.amtool.invocation import ToolError
from amp.cli.command_line.clause import Fatal
from amp.config.load import load_file
from amp.config.templates import parse_templates
from amp.errors import ConfigError

if TYPE_CHECKING:
    from amp.cli.amtool.invocation import Invocation
    from amp.config.schema import Config

STANDARD_INPUT = "/dev/stdin"


def check_config(invocation: Invocation) -> None:
    """Checks files, or standard input, and tells what it found in each.

    Raises:
        ToolError: when one of them is refused.
    """
    files = invocation.values.texts("check-files") or [_standard_input(invocation)]
    failed = sum(_check(invocation, file) for file in files)
    if failed:
        raise ToolError(f"failed to validate {failed} file(s)")


def _standard_input(invocation: Invocation) -> str:
    try:
        mode = os.fstat(invocation.stdin.fileno()).st_mode
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise Fatal(f"Failed to stat standard input: stat {STANDARD_INPUT}: {reason}") from None
    if stat.S_ISCHR(mode):
        raise Fatal("Failed to read from standard input")
    return STANDARD_INPUT


def _check(invocation: Invocation, file: str) -> int:
    """How many faults a file has: one at most of its own, one of its templates."""
    invocation.write(f"Checking '{file}'")
    try:
        config = load_file(file, invocation.mode, invocation.note_matchers)
    except ConfigError as error:
        invocation.write(f"  FAILED: {error}\n\n")
        return 1
    invocation.write("  SUCCESS\nFound:\n - global config\n - route\n")
    invocation.write(
        f" - {config.inhibit_rule_count} inhibit rules\n - {len(config.receivers)} receivers\n"
        f" - {len(config.templates)} templates\n"
    )
    failed = _check_templates(invocation, config) if config.templates else 0
    invocation.write("\n")
    return failed


def _check_templates(invocation: Invocation, config: Config) -> int:
    try:
        parse_templates(config)
    except ConfigError as error:
        invocation.write(f"  FAILED: {str(error).removeprefix('failed to parse templates: ')}\n")
        return 1
    invocation.write("  SUCCESS\n")
    return 0
