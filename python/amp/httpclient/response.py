"""An answer, read within bounds."""

from __future__ import annotations

from typing import NamedTuple

MAX_BODY_BYTES = 1 << 20


class Response(NamedTuple):
    """An answer.

    Attributes:
        location: the Location header; empty when there is none.
        content_type: the media type without parameters, lower case; empty when there is none.
        body: at most 1 MiB, or what the clients were told; what came after that was not read.
        broken: whether the body broke off; what had come of it is not kept.
    """

    status: int
    reason: str
    location: str
    content_type: str
    body: bytes
    broken: bool = False
