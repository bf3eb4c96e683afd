"""One run of `amtool`: its values, where it writes, how it reads matchers and asks the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from amp.cli.features import features
from amp.errors import AmpError
from amp.features import FEATURES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from typing import BinaryIO, TextIO

    from amp._core import Matcher
    from amp.cli.amtool.api import Api
    from amp.cli.command_line.clause import Command
    from amp.cli.command_line.parse import Values
    from amp.log import Logger

Result = TypeVar("Result")
MODES = {
    "fallback": "Parsing with UTF-8 matchers parser, with fallback to classic matchers parser",
    "classic": "Parsing with classic matchers parser",
    "utf8": "Parsing with UTF-8 matchers parser",
}
"""How matchers are read, and what a debug line says of it."""


class ToolError(AmpError):
    """Why a command failed, as it is told."""


class Invocation:
    """What a command is given.

    Args:
        values: of the command line.
        stdin: standard input.
        out: standard output; log lines stand there too, as upstream has it.
        err: standard error.
        environment: where proxies are named.

    Attributes:
        mode: how matchers are read (`fallback`, `classic`, `utf8`).
    """

    def __init__(
        self,
        values: Values,
        stdin: BinaryIO,
        out: TextIO,
        err: TextIO,
        environment: Mapping[str, str],
    ) -> None:
        self.values = values
        self.stdin = stdin
        self.out = out
        self.err = err
        self.environment = environment
        self.mode = "fallback"
        self._log: Logger | None = None

    def enter_features(self) -> None:
        """Takes over `--enable-feature`.

        Raises:
            ToolError: for features that do not exist or exclude each other.
        """
        text = self.values.text("enable-feature")
        for name in text.split(",") if text else ():
            if name not in FEATURES:
                break
            self.log.warn(FEATURES[name])
        try:
            enabled = features(text)
        except ValueError as error:
            raise ToolError(f"error parsing the feature flag list: {error}") from None
        if "classic-mode" in enabled:
            self.mode = "classic"
        elif "utf8-strict-mode" in enabled:
            self.mode = "utf8"

    def run(self, command: Command) -> int:
        """Runs a command; the exit code."""
        from importlib import import_module

        module, _, function = command.run.partition(":")
        code = getattr(import_module(f"amp.cli.amtool.{module}"), function)(self)
        return code if isinstance(code, int) else 0

    def write(self, text: str) -> None:
        """Writes to standard output as it is."""
        self.out.write(text)

    def warn(self, text: str) -> None:
        """Writes a line to standard error, after what was written before."""
        self.out.flush()
        self.err.write(f"{text}\n")
        self.err.flush()

    @property
    def log(self) -> Logger:
        """Log lines of this run."""
        if self._log is None:
            from amp.log import Logger

            level = "debug" if self.values.given("verbose") else "info"
            self._log = Logger(self.out, level=level)
        return self._log

    def matcher(self, text: str) -> Matcher:
        """One matcher of the command line; the log tells of doubtful ones.

        Raises:
            ValueError: with upstream's text.
        """
        return self._read(text, "cli", single=True)[0]

    def note_matchers(self, text: str) -> None:
        """Logs what is to be said about a text of matchers in a configuration file."""
        try:
            self._read(text, "config", single=False)
        except ValueError:
            return  # whoever reads the file refuses it

    def matchers(self, texts: Sequence[str]) -> list[Matcher]:
        """All matchers of the command line.

        Raises:
            ValueError: with upstream's text.
        """
        return [self.matcher(text) for text in texts]

    def with_alertname(self, texts: Sequence[str]) -> list[str]:
        """The texts of matchers; the first is an alertname when it is none."""
        found = list(texts)
        if found:
            try:
                self.matcher(found[0])
            except ValueError:
                from amp.fields.quote import quote

                found[0] = f"alertname={quote(found[0])}"
        return found

    def pairs(self, texts: Sequence[str], refusal: str) -> dict[str, str]:
        """Names and values from matchers that all are `name=value`.

        Raises:
            ValueError: with the refusal for another operator, upstream's text for no matcher.
        """
        found: dict[str, str] = {}
        for text in texts:
            matcher = self.matcher(text)
            if matcher.op != "=":
                raise ToolError(refusal)
            found[matcher.name] = matcher.value
        return found

    def ask(self, conversation: Callable[[Api], Awaitable[Result]]) -> Result:
        """Talks to Alertmanager.

        Raises:
            AmpError: when it cannot be reached, refuses, or answers something else.
        """
        from amp.cli.amtool.api import converse

        return converse(self, conversation)

    def _read(self, text: str, origin: str, *, single: bool) -> list[Matcher]:
        from amp._core import parse_matchers_noting

        if self.values.given("verbose"):
            self.log.debug(MODES[self.mode], input=text, origin=origin)
        matchers, warning = parse_matchers_noting(text, self.mode, single)
        if warning is not None:
            more = {"err": warning.error, "suggestion": warning.suggestion}
            told = {key: value for key, value in more.items() if value is not None}
            self.log.warn(warning.message, input=text, origin=origin, **told)
        return matchers
