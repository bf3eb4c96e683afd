"""Reads a command line: which flags, arguments and commands it names, and their values.

Upstream: kingpin parser.go parse, flags.go flagGroup.parse, app.go setDefaults, setValues.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.cli.command_line.clause import HELP, VERSION, Argument, Command, Flag, UsageError
from amp.cli.command_line.token import ARGUMENT, END, LONG, Token, Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Line:
    """A command line that was read.

    Attributes:
        program: the top of the commands.
        words: what it was read from.
        found: flags and arguments with their texts, commands with the empty one, in order.
        flags: all flags that may stand on it, in the order in which the help shows them.
        command: the innermost command; None when none is named.
        alternatives: commands that could have been named where a default one was taken.
        only_arguments: whether a `--` ended the flags.
    """

    def __init__(self, program: Command, words: Sequence[str]) -> None:
        self.program = program
        self.words = list(words)
        self.found: list[tuple[Flag | Argument | Command, str]] = []
        self.flags: list[Flag] = list(program.flags)
        self.command: Command | None = None
        self.alternatives: dict[Command, list[str]] = {}
        self.only_arguments = False

    @property
    def innermost(self) -> Command:
        """The innermost command, or the program itself."""
        return self.command or self.program

    def has(self, flag: Flag) -> bool:
        """Whether a flag stands on it, in either form."""
        return any(clause is flag for clause, _ in self.found)

    def commands(self) -> list[Command]:
        """The commands on the way down."""
        return [clause for clause, _ in self.found if isinstance(clause, Command)]


def parse(program: Command, words: Sequence[str], *, take_defaults: bool = True) -> Line:
    """Reads a command line.

    Args:
        program: its flags and commands.
        words: without the program's name.
        take_defaults: whether a default command stands for one that is not named.

    Raises:
        UsageError: with upstream's text.
    """
    line, fault = parse_until_fault(program, words, take_defaults=take_defaults)
    if fault is not None:
        raise fault
    return line


def parse_until_fault(
    program: Command, words: Sequence[str], *, take_defaults: bool = True
) -> tuple[Line, UsageError | None]:
    """As `parse`: what could be read, and why it ends there if it ends too early."""
    parser = _Parser(program, words, take_defaults)
    try:
        return parser.line(), None
    except UsageError as error:
        return parser.read, error


class _Parser:
    def __init__(self, program: Command, words: Sequence[str], take_defaults: bool) -> None:
        self.read = self._line = Line(program, words)
        self._take_defaults = take_defaults
        self._long = {flag.name: flag for flag in program.flags}
        self._short = {flag.short: flag for flag in program.flags if flag.short}
        self._tokens = Tokens(words, self._short)

    def line(self) -> Line:
        """The whole line, read."""
        while (token := self._tokens.peek()).kind != END:
            if token.is_flag:
                try:
                    self._flag(token)
                except UsageError:
                    if not self._enter_default():
                        raise
            elif not self._word(token):
                raise UsageError(f"unexpected {token}")
        while self._enter_default():
            pass
        self._line.only_arguments = self._tokens.only_arguments
        return self._line

    def _flag(self, token: Token) -> None:
        """One flag with its value. A flag that lacks its value is gone even where it is refused."""
        flag, inverted = self._named(token)
        if inverted and not flag.value.boolean:
            raise UsageError(f"unknown long flag '{token}'")
        self._tokens.next()
        if flag.value.boolean:
            self._line.found.append((flag, "false" if inverted else "true"))
            return
        following = self._tokens.peek()
        if following.kind != ARGUMENT:
            raise UsageError(f"expected argument for flag '{token}'")
        self._line.found.append((flag, self._tokens.next().text))

    def _named(self, token: Token) -> tuple[Flag, bool]:
        if token.kind != LONG:
            if token.text not in self._short:
                raise UsageError(f"unknown short flag '{token}'")
            return self._short[token.text], False
        if token.text in self._long:
            return self._long[token.text], False
        positive = self._long.get(token.text.removeprefix("no-"))
        if positive is None:
            raise UsageError(f"unknown long flag '{token}'")
        return positive, True

    def _word(self, token: Token) -> bool:
        """A command or an argument; whether there is a place for it."""
        here = self._line.innermost
        if here.commands:
            command = here.find(token.text)
            if command is not None:
                self._enter(command)
                self._tokens.next()
            elif not self._enter_default():
                from amp.fields.quote import quote

                raise UsageError(f"expected command but got {quote(token.text)}")
            return True
        argument = here.argument
        if argument is None:
            return False
        taken = any(clause is argument for clause, _ in self._line.found)
        if taken and not argument.value.cumulative:
            return False
        self._line.found.append((argument, self._tokens.next().text))
        return True

    def _enter(self, command: Command) -> None:
        self._line.found.append((command, ""))
        self._line.command = command
        self._line.flags.extend(command.flags)
        self._long.update((flag.name, flag) for flag in command.flags)
        self._short.update((flag.short, flag) for flag in command.flags if flag.short)

    def _enter_default(self) -> bool:
        here = self._line.innermost
        command = here.default_command() if self._take_defaults else None
        if command is None:
            return False
        self._line.alternatives[command] = [other.name for other in here.commands]
        self._enter(command)
        return True


class Values:
    """The values of a command line: what it gives, and the defaults of what it does not.

    Attributes:
        fault: why the line's values stop somewhere; None when all are there.
    """

    def __init__(self) -> None:
        self._values: dict[str, object] = {}
        self._own: dict[str, Flag] = {}
        self.fault: UsageError | None = None

    def get(self, name: str) -> object:
        """The value of a flag or argument; None when it has none."""
        flag = self._own.pop(name, None)
        if flag is not None and flag.default is not None and name not in self._values:
            self.set(flag, flag.default)
        return self._values.get(name)

    def later(self, flag: Flag) -> None:
        """Lets a flag have its own default, which is read when somebody asks for it."""
        self._own[flag.name] = flag

    def text(self, name: str) -> str:
        """A text, empty without a value."""
        return str(self.get(name) or "")

    def texts(self, name: str) -> list[str]:
        """A list of texts, empty without a value."""
        held = self.get(name)
        return [str(item) for item in held] if isinstance(held, list) else []

    def given(self, name: str) -> bool:
        """A boolean, false without a value."""
        return self.get(name) is True

    def number(self, name: str) -> float:
        """A number or a duration in seconds, zero without a value."""
        held = self.get(name)
        return held if isinstance(held, int | float) else 0

    def given_values(self) -> dict[str, object]:
        """What the line gives, without the flags' own defaults."""
        return dict(self._values)

    def set(self, clause: Flag | Argument, text: str) -> None:
        """Reads and keeps a text.

        Raises:
            UsageError: when it is refused.
        """
        try:
            value = clause.value.read(text)
        except ValueError as error:
            raise UsageError(str(error)) from None
        if clause.value.cumulative:
            held = self._values.setdefault(clause.name, [])
            if isinstance(held, list):
                held.append(value)
        else:
            self._values[clause.name] = value


def values_of(line: Line, defaults: Mapping[Flag, str]) -> Values:
    """Defaults first, then what the line gives until something is refused.

    Args:
        line: what was read.
        defaults: texts that stand before the flags' own defaults.

    Raises:
        UsageError: for a default that is refused.
    """
    values = Values()
    for flag in _without_text(line):
        if flag in defaults:
            values.set(flag, defaults[flag])
        else:
            values.later(flag)
    try:
        _set_given(line, values)
    except UsageError as error:
        values.fault = error
    return values


def _without_text(line: Line) -> Iterator[Flag]:
    """The flags that need a default; none do when only help or the version is asked for."""
    given = {clause for clause, _ in line.found if isinstance(clause, Flag)}
    if HELP in given or VERSION in given:
        return
    yield from (flag for flag in line.flags if flag not in given)


def _set_given(line: Line, values: Values) -> None:
    given: set[Flag] = set()
    for clause, text in line.found:
        if isinstance(clause, Command):
            continue
        if isinstance(clause, Flag):
            if clause in given and not clause.value.cumulative:
                raise UsageError(f"flag '{clause.name}' cannot be repeated")
            given.add(clause)
        values.set(clause, text)
    command = line.command
    if command is not None and command.commands:
        raise UsageError(f"must select a subcommand of '{' '.join(command.path)}'")


def check_required(line: Line, defaults: Mapping[Flag, str]) -> None:
    """Refuses a line that lacks flags.

    Raises:
        UsageError: with upstream's text.
    """
    missing = [
        f"'--{flag.name}'"
        for flag in line.flags
        if flag.required and not line.has(flag) and flag not in defaults
    ]
    if missing:
        raise UsageError(f"required flag(s) {', '.join(missing)} not provided")
