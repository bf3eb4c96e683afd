"""URLs as upstream reads and prints them (Go: net/url)."""

from __future__ import annotations

import dataclasses
import re
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from amp.errors import ConfigError
from amp.fields.quote import quote
from amp.fields.secret import REDACTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ALPHANUMERIC = frozenset(string.ascii_letters + string.digits)
_UNRESERVED = _ALPHANUMERIC | set("-_.~")
_PATH = _UNRESERVED | set("$&+,/:;=@")
_PATH_AS_GIVEN = _PATH | set("!'()*[]%")
_FRAGMENT = _PATH | set("?")
_FRAGMENT_AS_GIVEN = _FRAGMENT | set("!'()*[]%")
_USER = _UNRESERVED | set("$&+,;=")
_HOST = _UNRESERVED | set("!$&'()*+,;=:[]<>\"")
_USER_INFO = _ALPHANUMERIC | set("-._:~!$&'()*+,;=%@")
_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_PORT = re.compile(r"(:[0-9]*)?\Z")


@dataclass(frozen=True, slots=True)
class Url:
    """The parts of a URL; `path` and `fragment` stay escaped, the others are plain."""

    scheme: str = ""
    opaque: str = ""
    user: str | None = None
    password: str | None = None
    host: str = ""
    path: str = ""
    query: str | None = None
    fragment: str = ""
    host_omitted: bool = False

    def __str__(self) -> str:
        return self.text(self.password)

    def redacted(self) -> str:
        """The text with `xxxxx` instead of a password."""
        return self.text(None if self.password is None else "xxxxx")

    def text(self, password: str | None) -> str:
        """The URL as Go prints it, with this password."""
        text = f"{self.scheme}:" if self.scheme else ""
        if self.opaque:
            text += self.opaque
        else:
            text += self._authority(password)
            if self.path and not self.path.startswith("/") and self.host:
                text += "/"
            if not text and ":" in self.path.split("/", 1)[0]:
                text = "./"
            text += self.path
        if self.query is not None:
            text += f"?{self.query}"
        return f"{text}#{self.fragment}" if self.fragment else text

    def _authority(self, password: str | None) -> str:
        if not (self.scheme or self.host or self.user is not None) or self.host_omitted:
            return ""
        text = "//" if self.host or self.path or self.user is not None else ""
        if self.user is not None:
            text += _escape(self.user, _USER)
            text += "" if password is None else f":{_escape(password, _USER)}"
            text += "@"
        return text + _escape(self.host, _HOST)


class _Invalid(Exception):
    """The reason why a text is no URL."""


def parse_url(text: str, *, secret: bool = False) -> Url:
    """Any URL; ConfigError with Go's text, which does not show a secret one."""
    before, _, fragment = text.partition("#")
    try:
        url = _parse(before)
    except _Invalid as error:
        raise ConfigError(f"parse {quote(REDACTED if secret else before)}: {error}") from None
    if not fragment:
        return url
    try:
        escaped = _normalized(fragment, _FRAGMENT, _FRAGMENT_AS_GIVEN)
    except _Invalid as error:
        raise ConfigError(f"parse {quote(REDACTED if secret else text)}: {error}") from None
    return dataclasses.replace(url, fragment=escaped)


def parse_http_url(text: str, *, secret: bool = False) -> Url:
    """An absolute http or https URL with a host (Upstream: config/config.go parseURL)."""
    url = parse_url(text, secret=secret)
    if url.scheme not in ("http", "https"):
        raise ConfigError(f"unsupported scheme {quote(url.scheme)} for URL")
    if not url.host:
        raise ConfigError("missing host for URL")
    return url


def with_final_slash(text: str) -> str:
    """The URL whose path ends with a slash."""
    url = parse_url(text)
    if url.path.endswith("/"):
        return text
    return str(dataclasses.replace(url, path=f"{url.path}/"))


def extended(text: str, more: str, **parameters: str) -> str:
    """The URL with plain text at the end of its path and parameters set in its query.

    Upstream: what Go makes of `u.Path += more` and `u.Query().Set`.
    """
    url = parse_url(text)
    path = _escape(_unescape(url.path) + more, _PATH)
    query = with_parameters(url.query or "", parameters) if parameters else url.query
    return str(dataclasses.replace(url, path=path, query=query))


def with_query(text: str, **parameters: str) -> str:
    """The URL with these parameters, ordered by name, instead of its query."""
    return str(dataclasses.replace(parse_url(text), query=with_parameters("", parameters)))


def with_parameters(query: str, parameters: Mapping[str, str]) -> str:
    """The query with these parameters instead of others of their names, ordered by name."""
    pairs = [pair for pair in _pairs(query) if pair[0] not in parameters]
    pairs += parameters.items()
    pairs.sort(key=lambda pair: pair[0])
    return urlencode(pairs, errors="surrogateescape")


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    """The parameters of a query; those that do not parse are dropped, as Go does."""
    for pair in query.split("&"):
        name, _, value = pair.replace("+", " ").partition("=")
        if not pair or ";" in pair:
            continue
        try:
            yield _unescape(name), _unescape(value)
        except _Invalid:
            continue


def _parse(text: str) -> Url:
    if any(character < " " or character == "\x7f" for character in text):
        raise _Invalid("net/url: invalid control character in URL")
    if text.startswith(":"):
        raise _Invalid("missing protocol scheme")
    match = _SCHEME.match(text)
    scheme, rest = (match.group()[:-1].lower(), text[match.end() :]) if match else ("", text)
    rest, mark, found = rest.partition("?")
    query = found if mark else None
    if not rest.startswith("/"):
        if scheme:
            return Url(scheme, opaque=rest, query=query)
        if ":" in rest.split("/", 1)[0]:
            raise _Invalid("first path segment in URL cannot contain colon")
    user = password = None
    host, omitted = "", False
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        rest = slash + path
        user, password, host = _authority(authority)
        omitted = False
    elif scheme and rest.startswith("/"):
        omitted = True
    path = _normalized(rest, _PATH, _PATH_AS_GIVEN)
    return Url(scheme, "", user, password, host, path, query, "", omitted)


def _authority(authority: str) -> tuple[str | None, str | None, str]:
    info, at, host = authority.rpartition("@")
    host = _host(host)
    if not at:
        return None, None, host
    if not _USER_INFO.issuperset(info):
        raise _Invalid("net/url: invalid userinfo")
    user, colon, password = info.partition(":")
    return _unescape(user), _unescape(password) if colon else None, host


def _host(host: str) -> str:
    if host.startswith("["):
        end = host.rfind("]")
        if end < 0:
            raise _Invalid("missing ']' in host")
        port = host[end + 1 :]
        zone = host[:end].find("%25")
        if not _PORT.match(port):
            raise _Invalid(f"invalid port {quote(port)} after host")
        _check_address(host[1 : end if zone < 0 else zone])
        if zone >= 0:
            return host[:zone] + _unescape(host[zone:end]) + _host_text(host[end:])
    elif "[" in host:
        raise _Invalid("invalid IP-literal")
    else:
        colon = host.find(":")
        port = host[colon:] if colon >= 0 else ""
        if not _PORT.match(port):
            raise _Invalid(f"invalid port {quote(port)} after host")
    return _host_text(host)


def _check_address(text: str) -> None:
    from ipaddress import IPv6Address

    try:
        IPv6Address(text)
    except ValueError:
        raise _Invalid(f"invalid host: ParseAddr({quote(text)}): unable to parse IP") from None


def _host_text(host: str) -> str:
    """The host with escapes of bytes beyond ASCII undone; no other escapes are allowed."""
    index = 0
    while index < len(host):
        character = host[index]
        if character == "%":
            escape = host[index : index + 3]
            if not _ESCAPE.match(escape) or (int(escape[1], 16) < 8 and escape != "%25"):
                raise _Invalid(f"invalid URL escape {quote(escape)}")
            index += 3
            continue
        if character < "\x80" and character not in _HOST:
            raise _Invalid(f"invalid character {quote(character)} in host name")
        index += 1
    return _unescape(host)


def _unescape(text: str) -> str:
    if "%" not in text:
        return text
    raw = text.encode()
    out = bytearray()
    index = 0
    while index < len(raw):
        if raw[index] == 0x25:
            escape = raw[index : index + 3].decode(errors="replace")
            if not _ESCAPE.match(escape):
                raise _Invalid(f"invalid URL escape {quote(escape)}")
            out.append(int(escape[1:], 16))
            index += 3
        else:
            out.append(raw[index])
            index += 1
    return out.decode(errors="surrogateescape")


def _escape(text: str, allowed: frozenset[str] | set[str]) -> str:
    if allowed.issuperset(text):
        return text
    out = []
    for byte in text.encode(errors="surrogateescape"):
        character = chr(byte)
        out.append(character if character in allowed else f"%{byte:02X}")
    return "".join(out)


def _normalized(
    text: str, allowed: set[str] | frozenset[str], given: set[str] | frozenset[str]
) -> str:
    """The escaped form that Go prints: as given when that is valid."""
    plain = _unescape(text)
    return text if given.issuperset(text) else _escape(plain, allowed)
