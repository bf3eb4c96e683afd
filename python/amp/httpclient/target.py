"""Where a request goes: a URL as Go's client would use it.

Upstream: Go net/url, net/http Request.write and redirectBehavior.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from amp.errors import ConfigError
from amp.fields.quote import quote
from amp.fields.url import parse_url
from amp.httpclient.failure import RequestError

if TYPE_CHECKING:
    from amp.fields.url import Url

DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_URL_CHARACTERS = 64 << 10
_HOST_AND_PORT = re.compile(r"(\[[^\]]*\]|[^:]*)(?::([0-9]*))?")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL of a server.

    Attributes:
        scheme: lower case, empty when the URL had none.
        host: without brackets, lower case, ASCII.
        port: the scheme's when none was written, 0 when unknown.
        authority: host and port as the Host header shows them.
        path: escaped path with the query, as the request line shows it.
        user: decoded user information; None when there is none.
    """

    scheme: str
    host: str
    port: int
    authority: str
    path: str
    user: tuple[str, str] | None = None

    @property
    def origin(self) -> tuple[str, str, int]:
        """The destination that limits belong to."""
        return self.scheme, self.host, self.port

    def url(self) -> str:
        """The whole URL without user information."""
        return f"{self.scheme}://{self.authority}{self.path}"

    def within(self, host: str) -> bool:
        """Whether this is the host or one below it (`a.b` is within `b`)."""
        if self.host == host:
            return True
        literal = ":" in self.host or "%" in self.host
        return not literal and self.host.endswith(f".{host}")

    def follow(self, location: str) -> Target:
        """The target that a Location header names.

        Raises:
            RequestError: with Go's text when it does not parse.
        """
        try:
            named = parse_url(location)
            joined = parse_url(urljoin(self.url(), location))
        except ConfigError as error:
            raise RequestError(
                f"failed to parse Location header {quote(location)}: {error.cause}"
            ) from None
        inherited = None if named.host or named.scheme else self.user
        return _target(joined, inherited)


def parse_target(text: str, *, redacted: bool = True) -> Target:
    """Takes a URL apart.

    Raises:
        RequestError: with Go's text, the URL itself shown as `<redacted>` unless it is no secret.
    """
    if len(text) > MAX_URL_CHARACTERS:
        raise RequestError(f'parse "<redacted>": longer than {MAX_URL_CHARACTERS} characters')
    try:
        url = parse_url(text)
    except ConfigError as error:
        shown = f"parse {quote(text.partition('#')[0])}: "
        cause = error.cause.removeprefix(shown).removeprefix(f"parse {quote(text)}: ")
        named = '"<redacted>"' if redacted else quote(text)
        raise RequestError(f"parse {named}: {cause}") from None
    return _target(url, None)


def without_password(text: str) -> str:
    """A URL as Go's client shows it in errors: with `***` for the password."""
    url = parse_url(text)
    if url.password is None:
        return str(url)
    return url.text("").replace(":@", ":***@", 1)


def _target(url: Url, user: tuple[str, str] | None) -> Target:
    match = _HOST_AND_PORT.fullmatch(url.host)
    name, port = match.groups() if match else (url.host, None)
    host = _ascii(name.strip("[]")).lower()
    shown = f"[{host}]" if ":" in host else host
    if url.user is not None:
        user = url.user, url.password or ""
    query = "" if url.query is None else f"?{url.query.replace(' ', '%20')}"
    return Target(
        scheme=url.scheme,
        host=host,
        port=int(port) if port else DEFAULT_PORTS.get(url.scheme, 0),
        authority=f"{shown}:{port}" if port else shown,
        path=(url.path or "/") + query,
        user=user,
    )


def _ascii(name: str) -> str:
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        raise RequestError("http: invalid international host name") from None
