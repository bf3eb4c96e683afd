"""From words to what shall be done: a command with its values, or a text that answers them.

Upstream: kingpin app.go Application.Parse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.cli.command_line.clause import (
    COMPLETION,
    HELP,
    HELP_LONG,
    HELP_MAN,
    SCRIPT_BASH,
    SCRIPT_ZSH,
    VERSION,
    Command,
    Fatal,
    UsageError,
)
from amp.cli.command_line.parse import (
    check_required,
    parse,
    parse_until_fault,
    values_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from amp.cli.command_line.clause import Argument, Flag
    from amp.cli.command_line.parse import Line, Values


class Request:
    """A command line that wants something done.

    Attributes:
        command: the innermost command; None when none was named.
        usage: gives the short help of the line.
    """

    def __init__(self, command: Command | None, values: Values, usage: Callable[[], str]) -> None:
        self.command = command
        self.values = values
        self.usage = usage


class Reader:
    """Reads command lines of a program.

    Args:
        program: its name, flags and commands; one named `help` explains the others.
        version: what `--version` shows.
        width: of the help's lines.
        settings: defaults by name, for the program's flags and those of the innermost command;
            with them a line that cannot be read is refused before help and version are shown.
    """

    def __init__(
        self,
        program: Command,
        *,
        version: Callable[[], str],
        width: int,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._program = program
        self._version = version
        self._width = width
        self._settings = settings or {}
        self._refuses_first = settings is not None

    def read(self, words: Sequence[str]) -> Request | str:
        """What a command line wants, or the text that it asked for.

        Raises:
            UsageError: with upstream's text.
        """
        line, fault = parse_until_fault(self._program, words)
        if fault is not None and self._refuses_first:
            raise fault
        defaults = self._defaults(line)
        values = values_of(line, defaults)
        if values.given(COMPLETION.name):
            from amp.cli.command_line import completion

            return "\n".join(completion.options(line))
        for clause, _ in line.found:
            answer = self._answer(clause, line, values)
            if answer is not None:
                return answer
        if fault is not None:
            raise fault
        if line.has(HELP):
            return self._usage(words)
        if values.fault is not None:
            raise values.fault
        check_required(line, defaults)
        return Request(line.command, values, lambda: self._usage(words))

    def _defaults(self, line: Line) -> dict[Flag, str]:
        flags = {*self._program.flags, *line.innermost.flags}
        return {flag: self._settings[flag.name] for flag in flags if flag.name in self._settings}

    def _answer(self, clause: Flag | Argument | Command, line: Line, values: Values) -> str | None:
        """The text for a part of the line that asks for one."""
        if isinstance(clause, Command):
            return self._of_command(clause, line, values)
        if clause is VERSION:
            return self._version()
        if clause in (HELP_LONG, HELP_MAN):
            from amp.cli.command_line.usage import Usage

            usage = Usage(line, self._defaults(line), self._width)
            return (
                usage.long() if clause is HELP_LONG else usage.manual(self._version().rstrip("\n"))
            )
        if clause in (SCRIPT_BASH, SCRIPT_ZSH):
            from amp.cli.command_line import completion

            script = completion.bash if clause is SCRIPT_BASH else completion.zsh
            return script(self._program.name)
        return None

    def _of_command(self, command: Command, line: Line, values: Values) -> str | None:
        if command.path == ("help",):
            try:
                return self._usage(values.texts("command"))
            except UsageError as error:
                raise Fatal(str(error)) from None
        helped = any(line.has(flag) for flag in (HELP, HELP_LONG, HELP_MAN))
        if command.needs and not helped and values.get(command.needs) is None:
            raise Fatal(f"required flag --{command.needs} not provided")
        return None

    def _usage(self, words: Sequence[str]) -> str:
        from amp.cli.command_line.usage import Usage

        line = parse(self._program, words, take_defaults=False)
        return Usage(line, self._defaults(line), self._width).short()
