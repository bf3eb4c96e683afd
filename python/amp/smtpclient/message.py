"""A mail as it goes over the wire. Upstream: notify/email/email.go, Go mime/multipart."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

from amp.clock import SECOND_NS
from amp.smtpclient.encodedword import encoded
from amp.smtpclient.quotedprintable import quoted_printable

if TYPE_CHECKING:
    from collections.abc import Iterable

BOUNDARY_BYTES = 30
PART = (
    b"Content-Transfer-Encoding: quoted-printable\r\nContent-Type: %s; charset=UTF-8\r\n\r\n%s\r\n"
)


def compose(
    headers: Iterable[tuple[str, str]], parts: Iterable[tuple[str, str]], *, now_ns: int
) -> bytes:
    """A message of alternatives; its lines end with CR LF.

    Args:
        headers: names and values beside `Date` and those of MIME; values are encoded here.
        parts: media types and texts, the preferred one last.
        now_ns: the `Date`, shown in the local time zone.
    """
    boundary = secrets.token_hex(BOUNDARY_BYTES)
    lines = [f"{name}: {encoded(value)}" for name, value in headers]
    lines += [
        f"Date: {format_datetime(local_time(now_ns))}",
        f"Content-Type: multipart/alternative;  boundary={boundary}",
        "MIME-Version: 1.0",
        "",
        "",
    ]
    mark = b"--" + boundary.encode()
    body = b"".join(
        b"%s\r\n%s" % (mark, PART % (kind.encode(), quoted_printable(text))) for kind, text in parts
    )
    head = "\r\n".join(lines).encode("utf-8", "surrogateescape")
    return b"%s%s%s--\r\n" % (head, body or b"\r\n", mark)


def message_id(now_ns: int, host: str) -> str:
    """A name that no other message has."""
    return f"<{now_ns}.{secrets.randbits(64)}@{host}>"


def local_time(now_ns: int) -> datetime:
    """An instant in the local time zone."""
    return datetime.fromtimestamp(now_ns // SECOND_NS, UTC).astimezone()
