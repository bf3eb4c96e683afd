"""A command line as upstream reads it: long flags, `--no-` booleans, `@file`, its error texts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from amp.errors import AmpError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class UsageError(AmpError):
    """A command line that is refused."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One long flag.

    Attributes:
        name: without dashes.
        default: shown in the help; None for booleans and flags without a default.
        parse: text to value; raises ValueError with upstream's text. None for booleans.
        repeatable: each occurrence adds a value.
    """

    name: str
    help: str
    parse: Callable[[str], object] | None = None
    default: str | None = None
    repeatable: bool = False


def expand(arguments: Sequence[str]) -> list[str]:
    """Replaces `@file` by the file's lines."""
    expanded: list[str] = []
    for argument in arguments:
        if not argument.startswith("@") or len(argument) < 2:
            expanded.append(argument)
            continue
        try:
            lines = Path(argument[1:]).read_text().splitlines()
        except OSError as error:
            text = (error.strerror or "").lower()
            raise UsageError(
                f'failed to open arguments file "{argument[1:]}": open {argument[1:]}: {text}'
            ) from None
        expanded += [line for line in lines if line and not line.startswith("#")]
    return expanded


def parse(flags: Sequence[Flag], arguments: Sequence[str]) -> dict[str, object]:
    """The values that the command line gives, by flag name; repeatable ones as lists.

    Raises:
        UsageError: with upstream's text.
    """
    known = {flag.name: flag for flag in flags}
    values: dict[str, object] = {}
    words = iter(expand(arguments))
    for word in words:
        if not word.startswith("-") or word == "-":
            raise UsageError(f"unexpected {word}")
        if not word.startswith("--"):
            raise UsageError(f"unknown short flag '{word[:2]}'")
        name, equals, text = word[2:].partition("=")
        flag = known.get(name)
        if flag is None:
            negated = known.get(name.removeprefix("no-"))
            if negated is None or negated.parse is not None or not name.startswith("no-"):
                raise UsageError(f"unknown long flag '--{name}'")
            values[negated.name] = False
            continue
        if flag.parse is None:
            if equals:
                raise UsageError(f"unexpected {text}")
            values[name] = True
            continue
        if not equals:
            following = next(words, None)
            if following is None:
                raise UsageError(f"expected argument for flag '--{name}'")
            text = following
        _store(flag, text, values)
    return values


def _store(flag: Flag, text: str, values: dict[str, object]) -> None:
    if flag.parse is None:
        return
    if flag.name in values and not flag.repeatable:
        raise UsageError(f"flag '{flag.name}' cannot be repeated")
    try:
        value = flag.parse(text)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if flag.repeatable:
        held = values.setdefault(flag.name, [])
        if isinstance(held, list):
            held.append(value)
    else:
        values[flag.name] = value


def usage(program: str, flags: Sequence[Flag]) -> str:
    """The help text."""
    lines = [f"usage: {program} [<flags>]", "", "Flags:"]
    for flag in flags:
        if flag.parse is None:
            head = f"--[no-]{flag.name}"
        elif flag.default is None:
            head = f"--{flag.name}={flag.name.upper()}"
        elif flag.default.replace(".", "").isalnum() and flag.default[:1].isdigit():
            head = f"--{flag.name}={flag.default}"
        else:
            head = f'--{flag.name}="{flag.default}"'
        head += " ..." if flag.repeatable else ""
        lines.append(f"  {head:<36} {flag.help}")
    return "\n".join(lines) + "\n"


_DAY = re.compile(r"(\d+)([dw])")


def duration(text: str) -> float:
    """A duration flag in seconds: Go's grammar, with `d` and `w` besides.

    Raises:
        ValueError: with upstream's text.
    """
    days = 0
    rest = text
    while (day := _DAY.match(rest)) is not None:
        days += int(day[1]) * (7 if day[2] == "w" else 1)
        rest = rest[day.end() :]
    seconds = days * 86_400.0
    if rest or not days:
        from amp.fields.duration import parse_go_duration

        try:
            seconds += parse_go_duration(rest) / 1e9
        except ValueError:
            raise ValueError(f'time: invalid duration "{text}"') from None
    return seconds
