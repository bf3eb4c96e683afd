"""Structured log lines on standard error, in the shapes that upstream's users grep for.

Upstream: common promslog (`time level source msg` and attributes, logfmt or JSON).
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import PurePath
from typing import TextIO

LEVELS = {"debug": 10, "info": 20, "warn": 30, "error": 40}


class Logger:
    """Writes one line per event: `log.info("msg", key=value)`.

    Children made by `bind` add their attributes to every line and share the stream and level.
    """

    __slots__ = ("_attributes", "_json", "_level", "_stream")

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        level: str = "info",
        form: str = "logfmt",
        attributes: tuple[tuple[str, object], ...] = (),
    ) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._level = LEVELS[level]
        self._json = form == "json"
        self._attributes = attributes

    def bind(self, **attributes: object) -> Logger:
        """A logger that adds these attributes to each line."""
        child = object.__new__(Logger)
        child._stream = self._stream
        child._level = self._level
        child._json = self._json
        child._attributes = (*self._attributes, *attributes.items())
        return child

    @property
    def debugging(self) -> bool:
        """Whether debug lines are written; ask before building costly attributes."""
        return self._level <= LEVELS["debug"]

    def debug(self, msg: str, **attributes: object) -> None:
        """A line that only somebody looking for a fault reads."""
        if self._level <= LEVELS["debug"]:
            self._write("DEBUG", msg, attributes)

    def info(self, msg: str, **attributes: object) -> None:
        """A line about ordinary life."""
        if self._level <= LEVELS["info"]:
            self._write("INFO", msg, attributes)

    def warn(self, msg: str, **attributes: object) -> None:
        """A line about something that may need a person."""
        if self._level <= LEVELS["warn"]:
            self._write("WARN", msg, attributes)

    def error(self, msg: str, **attributes: object) -> None:
        """A line about something that failed."""
        self._write("ERROR", msg, attributes)

    def _write(self, level: str, msg: str, attributes: dict[str, object]) -> None:
        frame = sys._getframe(2)
        source = f"{PurePath(frame.f_code.co_filename).name}:{frame.f_lineno}"
        now = datetime.now().astimezone()
        pairs: list[tuple[str, object]] = [
            ("time", _timestamp(now, "microseconds" if self._json else "milliseconds")),
            ("level", level),
            ("source", source),
            ("msg", msg),
            *self._attributes,
            *attributes.items(),
        ]
        if self._json:
            line = json.dumps(
                {key: _plain(value) for key, value in pairs},
                ensure_ascii=False,
                separators=(",", ":"),
            )
        else:
            line = " ".join(f"{_token(key)}={_token(_text(value))}" for key, value in pairs)
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            # A log that nobody reads any more must not stop a notification.
            return


def _timestamp(now: datetime, precision: str) -> str:
    text = now.isoformat(timespec=precision)
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def _plain(value: object) -> object:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return str(value)


def _text(value: object) -> str:
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + " ".join(_text(item) for item in value) + "]"
    return str(value)


def _token(text: str) -> str:
    """A logfmt token: quoted as Go does when empty or with blanks, quotes, an equals sign."""
    if text and all(char not in ' "=' and char.isprintable() for char in text):
        return text
    return quote(text)


_ESCAPES = {'"': '\\"', "\\": "\\\\"} | {chr(at): f"\\{to}" for at, to in enumerate("abtnvfr", 7)}


def quote(text: str) -> str:
    """A double-quoted Go string literal."""
    out = []
    for char in text:
        if char in _ESCAPES:
            out.append(_ESCAPES[char])
        elif char.isprintable():
            out.append(char)
        elif ord(char) < 0x80:
            out.append(f"\\x{ord(char):02x}")
        elif ord(char) < 0x10000:
            out.append(f"\\u{ord(char):04x}")
        else:
            out.append(f"\\U{ord(char):08x}")
    return '"' + "".join(out) + '"'
