"""How the texts of flags and arguments are read. What is refused has upstream's words."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from amp.fields.url import Url

TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))


class Value:
    """A kind of value.

    Attributes:
        read: text to value; raises ValueError with upstream's words.
        boolean: takes no text on the command line, and has a `--no-` form.
        cumulative: may come again, which makes a list.
        quoted: whether the help quotes a default.
        options: the texts that there are; empty for any.
    """

    def __init__(
        self,
        read: Callable[[str], object],
        *,
        boolean: bool = False,
        cumulative: bool = False,
        quoted: bool = False,
        options: tuple[str, ...] = (),
    ) -> None:
        self.read = read
        self.boolean = boolean
        self.cumulative = cumulative
        self.quoted = quoted
        self.options = options


def _boolean(text: str) -> bool:
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    from amp.fields.quote import quote

    raise ValueError(f"strconv.ParseBool: parsing {quote(text)}: invalid syntax")


def _whole(text: str) -> int:
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        from amp.fields.quote import quote

        raise ValueError(f"strconv.ParseFloat: parsing {quote(text)}: invalid syntax") from None


def _duration(text: str) -> float:
    from amp.fields.duration import parse_flag_duration

    return parse_flag_duration(text)


def _url(text: str) -> Url:
    from amp.errors import ConfigError
    from amp.fields.url import parse_url

    try:
        return parse_url(text)
    except ConfigError as error:
        # It may hold a password, and there is no telling where.
        hidden = "@" in text
        raise ValueError(f"invalid URL: {'not a URL' if hidden else error.cause}") from None


def _existing_file(text: str) -> str:
    try:
        folder = os.path.isdir(text) if text and os.stat(text) else False
    except FileNotFoundError:
        raise ValueError(f"path '{text}' does not exist") from None
    except OSError as error:
        raise ValueError(f"stat {text}: {(error.strerror or '').lower()}") from None
    if not text:
        raise ValueError("path '' does not exist")
    if folder:
        raise ValueError(f"'{text.rstrip('/').rpartition('/')[2] or '/'}' is a directory")
    return text


def _readable_file(text: str) -> bytes:
    """The bytes of a file, which is opened when the command line is read."""
    try:
        with open(text, "rb") as file:
            return file.read()
    except OSError as error:
        verb = "read" if isinstance(error, IsADirectoryError) else "open"
        raise ValueError(f"{verb} {text}: {(error.strerror or '').lower()}") from None


def enumeration(*options: str) -> Value:
    """One of some texts."""

    def read(text: str) -> str:
        if text not in options:
            raise ValueError(f"enum value must be one of {','.join(options)}, got '{text}'")
        return text

    return Value(read, options=options)


TEXT = Value(str, quoted=True)
TEXTS = Value(str, cumulative=True)
BOOLEAN = Value(_boolean, boolean=True)
WHOLE = Value(_whole)
DURATION = Value(_duration)
"""Seconds, in Go's grammar with days and weeks."""
URL = Value(_url)
EXISTING_FILE = Value(_existing_file)
EXISTING_FILES = Value(_existing_file, cumulative=True)
READABLE_FILE = Value(_readable_file)
