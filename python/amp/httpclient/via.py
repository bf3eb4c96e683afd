"""How a connection is made that does not simply go to its target."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

    from amp.httpclient.header import Headers
    from amp.httpclient.target import Target


@dataclass(frozen=True, slots=True)
class Via:
    """How a connection is made.

    Attributes:
        context: for TLS with the target or with a proxy; None when neither speaks it.
        server_name: the name to ask for and verify instead of the target's host.
        proxy: None when the connection goes straight.
        connect_headers: for the proxy only, when it is asked for a tunnel.
    """

    context: ssl.SSLContext | None = None
    server_name: str | None = None
    proxy: Target | None = None
    connect_headers: Headers = field(default_factory=list)
