"""What one attempt to deliver asked and was answered, for those who keep it."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amp.httpclient.target import Target

CURRENT: ContextVar[Exchange | None] = ContextVar("exchange", default=None)
"""Where the attempt that goes on is noted; None where nobody keeps it."""


class Exchange:
    """The last request of an attempt and its answer. Bodies are whole and not redacted.

    Attributes:
        method: the request's method; `MAIL` for a mail. Empty before the first request.
        target: scheme, host and port.
        request: what was sent, of a mail its addresses and subject.
        answer: what came back, of a mail server its last reply.
        status_code: the answer's status or reply code; None while there is none.
        count: how many requests the attempt made.
        secrets: texts that only this attempt knows and nobody may see.
    """

    __slots__ = ("answer", "count", "method", "request", "secrets", "status_code", "target")

    def __init__(self) -> None:
        self.method = ""
        self.target = ""
        self.request: bytes | str = b""
        self.answer: bytes | str = b""
        self.status_code: int | None = None
        self.count = 0
        self.secrets: list[str] = []

    def asked(self, method: str, target: str, body: bytes | str) -> None:
        """A request begins; the one before is forgotten."""
        self.method = method
        self.target = target
        self.request = body
        self.answer = b""
        self.status_code = None
        self.count += 1

    def answered(self, status_code: int, body: bytes | str) -> None:
        """Its answer."""
        self.status_code = status_code
        self.answer = body

    def authorized(self, authorization: str) -> None:
        """The request has this `Authorization` header. AWS's is a signature of the one request."""
        _, blank, credentials = authorization.partition(" ")
        if not authorization.startswith("AWS4-"):
            self.secrets.append(credentials if blank else authorization)


def hide(secret: str) -> None:
    """Nobody may see this text in what is kept of the attempt that goes on."""
    exchange = CURRENT.get()
    if exchange is not None:
        exchange.secrets.append(secret)


def place(target: Target) -> str:
    """Scheme, host and port of a URL: no part of them is a secret."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    return f"{target.scheme}://{host}:{target.port}"
