"""Times of the command line: RFC 3339 as Go reads it, refused in its words (Go: time.Parse)."""

from __future__ import annotations

import re

from amp.cli.amtool.moment import Moment

LAYOUT = "2006-01-02T15:04:05Z07:00"
_PARTS = (
    ("2006", re.compile(r"\d{4}")),
    ("-", re.compile("-")),
    ("01", re.compile(r"\d\d")),
    ("-", re.compile("-")),
    ("02", re.compile(r"\d\d")),
    ("T", re.compile("T")),
    ("15", re.compile(r"\d\d?")),
    (":", re.compile(":")),
    ("04", re.compile(r"\d\d")),
    (":", re.compile(":")),
    ("05", re.compile(r"\d\d(?:[.,]\d+)?")),
    ("Z07:00", re.compile(r"Z|[+-]\d\d:\d\d")),
)
_RANGES = {"01": ("month", 1, 12), "15": ("hour", 0, 23), "04": ("minute", 0, 59)}


def given_time(text: str) -> Moment:
    """The moment that a text names.

    Raises:
        ValueError: with Go's text.
    """
    found = _found(text, LAYOUT, len(_PARTS))
    seconds, _, decimals = found["05"].replace(",", ".").partition(".")
    exact = f"{seconds}.{decimals[:9]}" if decimals else seconds
    day = f"{found['2006']}-{found['01']}-{found['02']}"
    try:
        return Moment(f"{day}T{found['15']:0>2}:{found['04']}:{exact}{found['Z07:00']}")
    except ValueError:
        raise _out_of_range(text, "day") from None


def date_refusal(text: str) -> ValueError:
    """Why a text of the API is no time: the last of upstream's layouts is a date's."""
    try:
        _found(text, "2006-01-02", 5)
    except ValueError as error:
        return error
    return _out_of_range(text, "day")


def _found(text: str, layout: str, count: int) -> dict[str, str]:
    """The parts of a text by their names in the layout, which has so many."""
    rest, found = text, {}
    for wanted, form in _PARTS[:count]:
        match = form.match(rest)
        if match is None:
            raise ValueError(
                f'parsing time {_quoted(text)} as "{layout}":'
                f' cannot parse {_quoted(rest)} as "{wanted}"'
            )
        found[wanted] = match.group()
        rest = rest[match.end() :]
        _check_range(text, wanted, match.group())
    if rest:
        raise ValueError(f"parsing time {_quoted(text)}: extra text: {_quoted(rest)}")
    return found


def _check_range(text: str, wanted: str, part: str) -> None:
    if wanted in _RANGES:
        name, least, most = _RANGES[wanted]
        if not least <= int(part) <= most:
            raise _out_of_range(text, name)
    if wanted == "05" and int(part[:2]) > 59:
        raise _out_of_range(text, "second")
    if wanted == "Z07:00" and not _is_offset(part):
        raise _out_of_range(text, "time zone offset hour")


def _is_offset(text: str) -> bool:
    return text == "Z" or (int(text[1:3]) <= 24 and int(text[4:]) <= 60)


def _out_of_range(text: str, name: str) -> ValueError:
    return ValueError(f"parsing time {_quoted(text)}: {name} out of range")


def _quoted(text: str) -> str:
    """Quoted byte by byte, as Go's package time does."""
    out = ""
    for byte in text.encode(errors="surrogateescape"):
        if byte in b'"\\':
            out += f"\\{chr(byte)}"
        elif 0x20 <= byte < 0x80:
            out += chr(byte)
        else:
            out += f"\\x{byte:02x}"
    return f'"{out}"'
