"""An answer, read within bounds."""

from __future__ import annotations

from typing import NamedTuple

MAX_BODY_BYTES = 1 << 20


class Response(NamedTuple):
    """An answer.

    Attributes:
        location: the Location header; empty when there is none.
        content_type: the media type without parameters, lower case; empty when there is none.
        body: at most 1 MiB; what came after that was not read.
    """

    status: int
    reason: str
    location: str
    content_type: str
    body: bytes
