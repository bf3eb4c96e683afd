"""The words of a command line in order (Upstream: kingpin parser.go ParseContext.Next)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.cli.command_line.clause import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from amp.cli.command_line.clause import Flag

LONG = "--"
SHORT = "-"
ARGUMENT = ""
END = "end"


class Token:
    """A word: a long or short flag's name, an argument, or the end.

    Attributes:
        kind: `LONG`, `SHORT`, `ARGUMENT` or `END`.
    """

    def __init__(self, kind: str, text: str = "") -> None:
        self.kind = kind
        self.text = text

    @property
    def is_flag(self) -> bool:
        """Whether a flag's name stands here."""
        return self.kind in (LONG, SHORT)

    def __str__(self) -> str:
        return f"{self.kind}{self.text}"


class Tokens:
    """Reads words, `@file` and `--` included.

    Args:
        short_flags: the flags that have a letter, which grow while commands are found.
    """

    def __init__(self, words: Sequence[str], short_flags: Mapping[str, Flag]) -> None:
        self._words = list(reversed(words))
        self._short_flags = short_flags
        self._peeked: list[Token] = []
        self._only_arguments = False

    @property
    def only_arguments(self) -> bool:
        """Whether a `--` was read, and something after it."""
        return self._only_arguments

    def peek(self) -> Token:
        """The next token, which stays.

        Raises:
            UsageError: for a file of arguments that cannot be read.
        """
        if not self._peeked:
            self._peeked.append(self._read())
        return self._peeked[-1]

    def next(self) -> Token:
        """Takes the next token."""
        token = self.peek()
        self._peeked.pop()
        return token

    def push(self, token: Token) -> None:
        """Puts a token before the next one."""
        self._peeked.append(token)

    def _read(self) -> Token:
        while self._words:
            word = self._words.pop()
            if self._only_arguments:
                return Token(ARGUMENT, word)
            if word == "--":
                # As the last word it ends nothing: a shell asks what may come after it.
                self._only_arguments = bool(self._words)
            elif word.startswith("--"):
                return self._long(word)
            elif word == "-":
                return Token(ARGUMENT)
            elif word.startswith("-"):
                return self._short(word)
            elif word.startswith("@"):
                self._words.extend(reversed(expanded(word[1:])))
            else:
                return Token(ARGUMENT, word)
        return Token(END)

    def _long(self, word: str) -> Token:
        name, equals, text = word[2:].partition("=")
        if equals:
            self._peeked.append(Token(ARGUMENT, text))
        return Token(LONG, name)

    def _short(self, word: str) -> Token:
        """One letter; what follows it is more letters, or the value of a flag that takes one."""
        letter, rest = word[1], word[2:]
        flag = self._short_flags.get(letter)
        if not rest:
            return Token(SHORT, letter)
        if flag is None or flag.value.boolean:
            self._words.append(f"-{rest}")
        else:
            self._peeked.append(Token(ARGUMENT, rest))
        return Token(SHORT, letter)


def expanded(name: str) -> list[str]:
    """The lines of a file of arguments, without comments and blank ones.

    Raises:
        UsageError: with upstream's text.
    """
    if not name:
        raise UsageError("expected @ file to expand arguments from")
    from amp.fields.quote import quote

    try:
        with open(name, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            lines = file.read().split("\n")
    except OSError as error:
        reason = (error.strerror or "").lower()
        if isinstance(error, IsADirectoryError):
            raise UsageError(
                f"failed to read arguments from {quote(name)}: read {name}: {reason}"
            ) from None
        raise UsageError(
            f"failed to open arguments file {quote(name)}: open {name}: {reason}"
        ) from None
    lines = [line.removesuffix("\r") for line in lines]
    return [line for line in lines if line.strip() and not line.startswith("#")]
