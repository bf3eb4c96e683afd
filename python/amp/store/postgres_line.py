"""The line to a PostgreSQL server: how it is made, cut from another thread, and what it says."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

if TYPE_CHECKING:
    from collections.abc import Sequence

CONNECTION = {
    "connect_timeout": "5",
    "tcp_user_timeout": "10000",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "application_name": "amp",
}
"""What is asked of libpq where the URL says nothing else: a dead peer is noticed in seconds."""


def address_of(url: str) -> str:
    """The URL with what it does not say itself."""
    given = conninfo_to_dict(url)
    missing = {key: value for key, value in CONNECTION.items() if key not in given}
    return make_conninfo(url, **missing)


def connect(address: str) -> psycopg.Connection[Any]:
    """A connection that commits by itself.

    There are no prepared statements: a pooler may give each transaction another server session.
    """
    return psycopg.connect(address, autocommit=True, prepare_threshold=None)


def cut(connection: psycopg.Connection[Any]) -> None:
    """Ends whatever waits for the server, by closing the line under it. From any thread."""
    with suppress(OSError, psycopg.Error):
        line = socket.socket(fileno=os.dup(connection.fileno()))
        with line:
            line.shutdown(socket.SHUT_RDWR)


def first_line(error: Exception) -> str:
    """An error without its details, which may show rows."""
    return str(error).strip().split("\n", 1)[0] or type(error).__name__


def numbers(values: Sequence[float | bool | None]) -> str:
    """An array literal of numbers, truth values as 0 and 1.

    psycopg's own arrays cost ten times as much.
    """
    text = str(list(values))[1:-1]
    for word, meant in (("None", "NULL"), ("True", "1"), ("False", "0")):
        if word in text:
            text = text.replace(word, meant)
    return f"{{{text}}}"


def texts(values: Sequence[str]) -> str:
    """An array literal of texts. PostgreSQL keeps no NUL in one: it goes."""
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "") for value in values)
    return '{"' + '","'.join(quoted) + '"}' if values else "{}"


def blobs(values: Sequence[bytes]) -> str:
    """An array literal of bytes."""
    return "{" + ",".join(f'"\\\\x{value.hex()}"' for value in values) + "}"
