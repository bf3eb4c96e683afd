"""Where an answer leads on. Upstream: Go net/http Client.do, redirectBehavior."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amp.httpclient.header import Headers
    from amp.httpclient.response import Response
    from amp.httpclient.target import Target

MAX_REQUESTS = 10
BECOME_GET = frozenset({301, 302, 303})
REPEATED = frozenset({307, 308})
OF_THE_BODY = frozenset(
    {"content-encoding", "content-language", "content-location", "content-type"}
)
SENSITIVE = frozenset(
    {
        "authorization",
        "www-authenticate",
        "cookie",
        "cookie2",
        "proxy-authorization",
        "proxy-authenticate",
    }
)


@dataclass(slots=True)
class Hop:
    """One request of a chain.

    Attributes:
        headers: without those that the configuration adds.
        origin: the host where the chain began; empty at its beginning.
        withheld: the chain has left that host, so credentials are not sent any more.
        secret: nobody may keep its body or its answer's.
    """

    method: str
    target: Target
    headers: Headers
    body: bytes
    origin: str = ""
    withheld: bool = False
    secret: bool = False


def next_hop(hop: Hop, response: Response) -> Hop | None:
    """The request that an answer asks for; None when it is the last one.

    Raises:
        RequestError: when the Location does not parse.
    """
    status = response.status
    if not response.location or status not in BECOME_GET | REPEATED:
        return None
    target = hop.target.follow(response.location)
    origin = hop.origin or hop.target.host
    withheld = hop.withheld or not target.within(origin)
    headers = [pair for pair in hop.headers if pair[0] != "Referer"]
    if withheld:
        headers = [pair for pair in headers if pair[0].lower() not in SENSITIVE]
    following = replace(hop, target=target, origin=origin, withheld=withheld)
    if status in BECOME_GET and hop.method not in {"GET", "HEAD"}:
        headers = [pair for pair in headers if pair[0].lower() not in OF_THE_BODY]
        following = replace(following, method="GET", body=b"")
    if not (hop.target.scheme == "https" and target.scheme == "http"):
        headers.append(("Referer", hop.target.url()))
    return replace(following, headers=headers)
