"""The shapes of answers: upstream's three families of errors, and JSON as Go writes it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

JSON = ("content-type", "application/json")
TEXT = ("content-type", "text/plain; charset=utf-8")
NO_STORE = ("cache-control", "no-store")
NO_SNIFF = ("x-content-type-options", "nosniff")


@dataclass(slots=True)
class Answer:
    """What a handler says: status, headers, body."""

    status: int = 200
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Stream(Answer):
    """An answer whose body is made while it is sent. `body` stays empty.

    It does not count among the GETs in flight and has no time limit: who makes one bounds both.
    The generator is closed when all is sent, the client left or the server stops. An error that it
    raises ends the connection, so that the client sees a body cut short.

    Attributes:
        chunks: the parts of the body.
    """

    chunks: AsyncGenerator[bytes, None]


class Refusal(Exception):
    """Carries an answer out of nested code."""

    def __init__(self, answer: Answer) -> None:
        """Keeps the answer."""
        super().__init__(answer.status)
        self.answer = answer


def go_json(value: object) -> bytes:
    """Compact JSON with `<`, `>`, `&` and line separators escaped, as Go's encoder writes it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char, escaped in _ESCAPES:
        if char in text:
            text = text.replace(char, escaped)
    return text.encode("utf-8", "replace")


_ESCAPES = (
    ("<", "\\u003c"),
    (">", "\\u003e"),
    ("&", "\\u0026"),
    ("\u2028", "\\u2028"),
    ("\u2029", "\\u2029"),
)


def ok(body: bytes) -> Answer:
    """200 with a JSON body that already ends as it should."""
    return Answer(200, body, [NO_STORE, JSON])


def empty(status: int) -> Answer:
    """A v2 answer without a body."""
    return Answer(status, b"", [NO_STORE])


def handler_error(status: int, text: str) -> Answer:
    """An error that a handler reports: a bare JSON string and a newline."""
    return Answer(status, go_json(text) + b"\n", [NO_STORE, JSON])


def runtime_error(status: int, code: int, message: str) -> Answer:
    """An error of routing, media types or schema: an object, no newline."""
    body = go_json({"code": code, "message": message})
    return Answer(status, body, [NO_STORE, JSON])


def own_json(value: object, status: int = 200) -> Answer:
    """An answer of AMP's own endpoints: compact JSON and a newline."""
    return Answer(status, go_json(value) + b"\n", [NO_STORE, JSON])


def own_error(status: int, text: str, parameter: str | None = None) -> Answer:
    """An error of AMP's own endpoints; `parameter` names what was wrong with the request."""
    named = {} if parameter is None else {"parameter": parameter}
    return own_json({"error": text, **named}, status)


_REDIRECTS = {301: "Moved Permanently", 302: "Found", 307: "Temporary Redirect"}


def redirect(method: str, status: int, location: str) -> Answer:
    """Sends the client elsewhere, with the small page that Go's library adds for a GET."""
    headers = [("location", location)]
    if method in ("GET", "HEAD"):
        headers.insert(0, ("content-type", "text/html; charset=utf-8"))
    page = f'<a href="{escape(location)}">{_REDIRECTS[status]}</a>.\n\n'
    return Answer(status, page.encode() if method == "GET" else b"", headers)


def plain(status: int, text: str) -> Answer:
    """A text answer as the operational routes give it."""
    return Answer(status, text.encode(), [TEXT])


def plain_error(status: int, text: str) -> Answer:
    """An error text of the operational routes, with its newline."""
    return Answer(status, text.encode() + b"\n", [TEXT, NO_SNIFF])
