"""The help: what a program, or one of its commands, takes.

Upstream: kingpin usage.go, templates.go (the layout; the words are each program's own).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from amp.cli.command_line.wrap import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from amp.cli.command_line.clause import Argument, Command, Flag
    from amp.cli.command_line.parse import Line

INDENT = 2
DEFAULT_WIDTH = 80
WIDE = 30
"""A first column stays narrower; what is wider has the second one in the next line."""


class Usage:
    """Writes the help of a line.

    Args:
        line: what was asked about.
        defaults: texts that stand before the flags' own defaults.
        width: of a line.
    """

    def __init__(self, line: Line, defaults: Mapping[Flag, str], width: int) -> None:
        self._line = line
        self._program = line.program
        self._defaults = defaults
        self._width = width

    def short(self) -> str:
        """The help of the command on the line, with the commands below it by name."""
        here = self._line.innermost
        lines = [*self._head(here), *self._flags(), *self._arguments(here.argument)]
        if here.commands:
            lines.append("Commands:")
            if self._line.command is not None:
                lines.append(f"  {' '.join(here.path)}")
            lines += [*self._names(here.commands), ""]
        return "\n".join(lines) + "\n"

    def long(self) -> str:
        """The help of the program with that of all its commands."""
        lines = [*self._head(self._program), *self._flags()]
        lines += self._arguments(self._line.innermost.argument)
        if self._program.commands:
            lines.append("Commands:")
            for command in leaves(self._program.commands):
                lines += self._whole(command)
            lines.append("")
        return "\n".join(lines) + "\n"

    def manual(self, version: str) -> str:
        """The program's manual page."""
        name = self._program.name
        lines = [f'.TH {name} 1 {version} ""', '.SH "NAME"', name, '.SH "SYNOPSIS"', ".TP"]
        lines += [rf"\fB{name}{self._summary(self._program)}\fR", '.SH "DESCRIPTION"']
        lines += [self._program.help, '.SH "OPTIONS"', *self._roff(self._program.flags)]
        if self._program.commands:
            lines.append('.SH "COMMANDS"')
        for command in leaves(self._program.commands):
            title = " ".join(command.path) + self._summary(command)
            lines += [".SS", rf"\fB{title}\fR", ".PP", command.help, *self._roff(command.flags)]
        return "\n".join(lines) + "\n"

    def _head(self, command: Command) -> list[str]:
        words = [self._program.name, *command.path]
        lines = [f"usage: {' '.join(words)}{self._summary(command)}", ""]
        if command.help:
            lines += [*wrapped(command.help, self._width), ""]
        return lines

    def _summary(self, command: Command) -> str:
        """What may follow a command's name."""
        required = [flag for flag in command.flags if flag.required]
        parts = [f"--{flag.name}={self._placeholder(flag)}" for flag in required]
        if sum(not flag.builtin for flag in command.flags) != len(required):
            parts.append("[<flags>]")
        if command.argument is not None:
            parts.append(str(command.argument))
        if command.commands:
            parts.append("<command> [<args> ...]")
        return "".join(f" {part}" for part in parts)

    def _flags(self) -> list[str]:
        rows = self._flag_rows(self._line.flags)
        if not rows:
            return []
        return ["Flags:", *columns(rows, INDENT, INDENT, self._width), ""]

    def _arguments(self, argument: Argument | None) -> list[str]:
        if argument is None:
            return []
        rows = [(f"[<{argument.name}>]", argument.help)]
        return ["Args:", *columns(rows, INDENT, INDENT, self._width), ""]

    def _flag_rows(self, flags: Sequence[Flag]) -> list[tuple[str, str]]:
        any_short = any(flag.short for flag in flags)
        return [(self._flag(flag, any_short), flag.help) for flag in flags if not flag.hidden]

    def _flag(self, flag: Flag, any_short: bool) -> str:
        letter = f"-{flag.short}, " if flag.short else "    " if any_short else ""
        if flag.value.boolean:
            return f"{letter}--[no-]{flag.name}"
        more = " ..." if flag.value.cumulative else ""
        return f"{letter}--{flag.name}={self._placeholder(flag)}{more}"

    def _placeholder(self, flag: Flag) -> str:
        if flag.placeholder:
            return flag.placeholder
        default = self._defaults.get(flag, flag.default)
        if default is None:
            return flag.name.upper()
        if not flag.value.quoted:
            return default
        from amp.fields.quote import quote

        return quote(default)

    def _names(self, commands: Sequence[Command]) -> Iterator[str]:
        for command in commands:
            star = "*" if command.default else ""
            indent = " " * (INDENT * len(command.path))
            below = "" if command.commands else self._summary(command)
            own = self._flags_only(command) if command.commands else below
            yield f"{indent}{command.name}{star}{own}"
            yield from self._names(command.commands)

    def _flags_only(self, command: Command) -> str:
        return self._summary(command).removesuffix(" <command> [<args> ...]")

    def _whole(self, command: Command) -> list[str]:
        lines = [" ".join(command.path) + self._summary(command)]
        lines += [*wrapped(command.help, self._width - 4, indent="    ", code_indent="      "), ""]
        rows = self._flag_rows(command.flags)
        return [*lines, *columns(rows, 4, INDENT, self._width), ""]

    def _roff(self, flags: Sequence[Flag]) -> Iterator[str]:
        for flag in flags:
            if flag.hidden:
                continue
            letter = f"-{flag.short}, " if flag.short else ""
            value = "" if flag.value.boolean else f"={self._placeholder(flag)}"
            yield from (".TP", rf"\fB{letter}--{flag.name}{value}\fR", flag.help)


def leaves(commands: Sequence[Command]) -> Iterator[Command]:
    """The commands that have none below them."""
    for command in commands:
        if command.commands:
            yield from leaves(command.commands)
        else:
            yield command


def columns(
    rows: Sequence[tuple[str, str]], indent: int, padding: int, width: int
) -> Iterator[str]:
    """Two columns, the second filled."""
    first = max((len(row[0]) for row in rows if len(row[0]) < WIDE), default=0)
    offset = " " * (indent + first + padding)
    for title, text in rows:
        lines = wrapped(text, width - first - padding - indent)
        head = f"{' ' * indent}{title:<{first}}{' ' * padding}"
        if len(title) >= WIDE:
            yield head
            yield f"{offset}{lines[0]}"
        else:
            yield f"{head}{lines[0]}"
        yield from (f"{offset}{line}" for line in lines[1:])


def terminal_width(environment: Mapping[str, str]) -> int:
    """The width of standard output: `COLUMNS`, else the terminal's, else 80."""
    try:
        return int(environment.get("COLUMNS", ""))
    except ValueError:
        pass
    try:
        return os.get_terminal_size(1).columns or DEFAULT_WIDTH
    except OSError:
        return DEFAULT_WIDTH
