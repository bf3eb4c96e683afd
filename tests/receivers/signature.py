"""Signatures of requests to AWS, checked from the protocol's description (Signature Version 4).

What differs from one request to the next is shown by its shape: the date, and the signature as
`right` or `wrong`. Which headers a client signs, its name and what it tells of its own tries are
left out. A role's session is shown without its name.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from service import Arrived

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^,]+), SignedHeaders=([^,]+),"
    r" Signature=([0-9a-f]{64})"
)
_DATE = re.compile(r"\d{8}T\d{6}Z")
_SESSION = re.compile(r"RoleSessionName=[\w+=,.@-]{2,64}")
_LEFT_OUT = frozenset({"User-Agent", "Amz-Sdk-Invocation-Id", "Amz-Sdk-Request"})


def shaped(
    arrived: Arrived, secrets: Mapping[str, str], fill: Callable[[str], str]
) -> tuple[dict[str, str], str]:
    """Headers and body of a request, its signature checked with the secrets by key id.

    Args:
        arrived: the request.
        secrets: secret keys by access key id.
        fill: puts real addresses back, which were signed.
    """
    headers = {name: value for name, value in arrived.headers if name not in _LEFT_OUT}
    found = _AUTHORIZATION.fullmatch(headers.get("Authorization", ""))
    date = headers.get("X-Amz-Date", "")
    if found is not None and _DATE.fullmatch(date):
        key, day, scope, signed, signature = found.groups()
        named = {name.lower(): fill(value) for name, value in arrived.headers}
        must = {"host", "x-amz-date"} | ({"x-amz-security-token"} & named.keys())
        lines = [f"{name}:{named[name].strip()}" for name in signed.split(";")]
        request = "\n".join([arrived.method, _place(fill(arrived.url)), *lines, "", signed])
        request += "\n" + hashlib.sha256(fill(arrived.body).encode()).hexdigest()
        digest = hashlib.sha256(request.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{date}\n{day}/{scope}\n{digest}"
        right = (
            must <= set(signed.split(";"))
            and date.startswith(day)
            and _sign(secrets.get(key, ""), [day, *scope.split("/")], text) == signature
        )
        verdict = "right" if right else "wrong"
        headers["Authorization"] = f"AWS4-HMAC-SHA256 {key}/DATE/{scope} {verdict}"
        headers["X-Amz-Date"] = "DATE"
    body, sessions = _SESSION.subn("RoleSessionName=NAME", arrived.body)
    if sessions:
        headers["Content-Length"] = "SIZE"
    return headers, body


def _place(url: str) -> str:
    """Path and query as they are signed."""
    parts = urlsplit(url)
    query = sorted(parse_qsl(parts.query, keep_blank_values=True))
    line = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in query
    )
    return f"{quote(parts.path or '/', safe='/-_.~')}\n{line}"


def _sign(secret: str, scope: list[str], text: str) -> str:
    key = f"AWS4{secret}".encode()
    for part in [*scope, text]:
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()
