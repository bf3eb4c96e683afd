"""What a command line may hold: flags, arguments, and commands that have both.

Plain classes: `dataclasses` costs as much at start as everything else here together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.cli.command_line.value import BOOLEAN, TEXT
from amp.errors import AmpError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amp.cli.command_line.value import Value


class UsageError(AmpError):
    """A command line that is refused."""


class Fatal(UsageError):
    """A refusal that ends the program at once: nothing stands after its text, not even a line."""


class Flag:
    """One flag.

    Attributes:
        name: without dashes.
        value: how its text is read.
        short: one letter, or empty.
        default: the text that stands for a flag that was not given; None for none.
        placeholder: what the help shows for the value, instead of the default or the name.
        builtin: not counted when the help says that there are flags.
    """

    def __init__(
        self,
        name: str,
        help: str,
        value: Value = TEXT,
        *,
        short: str = "",
        default: str | None = None,
        placeholder: str = "",
        required: bool = False,
        hidden: bool = False,
        builtin: bool = False,
    ) -> None:
        self.name = name
        self.help = help
        self.value = value
        self.short = short
        self.default = default
        self.placeholder = placeholder
        self.required = required
        self.hidden = hidden
        self.builtin = builtin


class Argument:
    """What follows a command's name and is no flag; nowhere more than one kind, never demanded."""

    def __init__(self, name: str, help: str, value: Value) -> None:
        self.name = name
        self.help = help
        self.value = value

    def __str__(self) -> str:
        """As the help shows it in a line of usage."""
        return f"[<{self.name}>{'...' if self.value.cumulative else ''}]"


class Command:
    """A command with its flags and either commands below it or arguments.

    Attributes:
        default: whether it runs when the one above is named without a command.
        run: `module:function` that does it; empty for one that only has commands below it.
        needs: name of a flag without which neither it nor what is below it runs; empty for none.
        path: the names from the top, filled in by the one above; empty for the program itself.
    """

    def __init__(
        self,
        name: str,
        help: str,
        *,
        flags: Sequence[Flag] = (),
        argument: Argument | None = None,
        commands: Sequence[Command] = (),
        default: bool = False,
        run: str = "",
        needs: str = "",
    ) -> None:
        self.name = name
        self.help = help
        self.flags = tuple(flags)
        self.argument = argument
        self.commands = tuple(commands)
        self.default = default
        self.run = run
        self.needs = needs
        self.path: tuple[str, ...] = ()
        for command in self.commands:
            command._below(())

    def _below(self, path: tuple[str, ...]) -> None:
        self.path = (*path, self.name)
        for command in self.commands:
            command._below(self.path)

    def find(self, name: str) -> Command | None:
        """The command of this name below it."""
        return next((command for command in self.commands if command.name == name), None)

    def default_command(self) -> Command | None:
        """What runs when none is named."""
        return next((command for command in self.commands if command.default), None)


HELP = Flag(
    "help",
    "Show help for what stands on the line (--help-long and --help-man show everything).",
    BOOLEAN,
    short="h",
    builtin=True,
)
HELP_LONG = Flag("help-long", "Show all help.", BOOLEAN, hidden=True, builtin=True)
HELP_MAN = Flag("help-man", "Show a manual page.", BOOLEAN, hidden=True, builtin=True)
COMPLETION = Flag("completion-bash", "Show what may come next.", BOOLEAN, hidden=True, builtin=True)
SCRIPT_BASH = Flag(
    "completion-script-bash", "Show a script for bash.", BOOLEAN, hidden=True, builtin=True
)
SCRIPT_ZSH = Flag(
    "completion-script-zsh", "Show a script for zsh.", BOOLEAN, hidden=True, builtin=True
)
VERSION = Flag("version", "Show the version.", BOOLEAN)
BUILTIN = (HELP, HELP_LONG, HELP_MAN, COMPLETION, SCRIPT_BASH, SCRIPT_ZSH)
