"""Where a request goes: a URL taken apart as Go takes it apart.

Upstream: Go net/url parse, net/http Request.write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urljoin

from amp.httpclient.failure import RequestError

DEFAULT_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
MAX_URL_CHARACTERS = 64 << 10
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PORT = re.compile(r"(?::[0-9]*)?")
_PATH_SAFE = "/!$&'()*+,;=:@~-._[]%"


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
        """The destination that limits and connections belong to."""
        return self.scheme, self.host, self.port

    def url(self) -> str:
        """The whole URL without user information."""
        return f"{self.scheme}://{self.authority}{self.path}"


def parse_target(text: str) -> Target:
    """Takes a URL apart.

    Raises:
        RequestError: with Go's text, the URL itself shown as `<redacted>`.
    """
    try:
        return _parse(text)
    except ValueError as error:
        raise RequestError(f'parse "<redacted>": {error}') from None


def follow(target: Target, location: str) -> Target:
    """The target that a Location header names, relative to where it was read."""
    return parse_target(urljoin(target.url(), location))


def _parse(text: str) -> Target:
    if len(text) > MAX_URL_CHARACTERS:
        raise ValueError(f"longer than {MAX_URL_CHARACTERS} characters")
    if _CONTROL.search(text):
        raise ValueError("net/url: invalid control character in URL")
    rest = text.partition("#")[0]
    scheme = ""
    if match := _SCHEME.match(rest):
        scheme = match[0][:-1].lower()
        rest = rest[match.end() :]
    elif rest.startswith(":"):
        raise ValueError("missing protocol scheme")
    rest, mark, query = rest.partition("?")
    authority, user = "", None
    if rest.startswith("//"):
        written, slash, path = rest[2:].partition("/")
        rest = slash + path
        userinfo, _, authority = written.rpartition("@")
        if "@" in written:
            user = _user(userinfo)
    elif not scheme and ":" in rest.partition("/")[0]:
        raise ValueError("first path segment in URL cannot contain colon")
    host, port = _host_and_port(authority)
    if bad := _BAD_ESCAPE.search(rest):
        raise ValueError(f'invalid URL escape "{rest[bad.start() : bad.start() + 3]}"')
    path = (quote(rest, safe=_PATH_SAFE) or "/") + mark + query.replace(" ", "%20")
    number = int(port) if port else DEFAULT_PORTS.get(scheme, 0)
    shown = f"[{host}]" if ":" in host else host
    return Target(scheme, host, number, f"{shown}:{port}" if port else shown, path, user)


def _user(userinfo: str) -> tuple[str, str]:
    if bad := _BAD_ESCAPE.search(userinfo):
        raise ValueError(f'invalid URL escape "{userinfo[bad.start() : bad.start() + 3]}"')
    name, _, password = userinfo.partition(":")
    return unquote(name), unquote(password)


def _host_and_port(authority: str) -> tuple[str, str]:
    if authority.startswith("["):
        inside, bracket, after = authority[1:].rpartition("]")
        if not bracket:
            raise ValueError("missing ']' in host")
        host = unquote(inside)
    else:
        name, colon, digits = authority.partition(":")
        after = colon + digits
        if " " in name:
            raise ValueError('invalid character " " in host name')
        host = _ascii(unquote(name))
    if not _PORT.fullmatch(after):
        raise ValueError(f'invalid port "{after}" after host')
    port = after[1:]
    if port and int(port) > 65535:
        raise ValueError(f"invalid port {port}")
    return host.lower(), port


def _ascii(name: str) -> str:
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        raise ValueError("invalid international host name") from None
