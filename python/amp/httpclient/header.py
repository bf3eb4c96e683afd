"""Headers that a configuration adds, and their safety."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.fields.http import canonical_header
from amp.fields.quote import quote
from amp.httpclient.failure import RequestError
from amp.httpclient.files import WatchedFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from amp.fields.http import Header
    from amp.fields.secret import Secret

Headers = list[tuple[str, str]]
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_FORBIDDEN = frozenset(map(chr, [*range(9), *range(10, 32), 127]))


class ExtraHeaders:
    """`http_headers`: values, secrets and files, in this order; files are read at each request."""

    def __init__(self, config: Mapping[str, Header]) -> None:
        self._sources: list[tuple[str, str | WatchedFile]] = []
        for name, header in sorted(config.items()):
            shown = canonical_header(name)
            self._sources += [(shown, value) for value in header.values]
            self._sources += [(shown, secret.reveal()) for secret in header.secrets]
            self._sources += [(shown, WatchedFile(file)) for file in header.files]

    def read(self) -> Headers:
        """The headers now.

        Raises:
            RequestError: when a file cannot be read.
        """
        return [
            (name, source if isinstance(source, str) else _content(source))
            for name, source in self._sources
        ]


def connect_headers(config: Mapping[str, Sequence[Secret]]) -> Headers:
    """`proxy_connect_header` as pairs."""
    return [(name, secret.reveal()) for name, values in config.items() for secret in values]


def checked_headers(headers: Iterable[tuple[str, str]]) -> Headers:
    """The headers as they go on the wire; what would break out of its line is refused.

    Raises:
        RequestError: with Go's text; values are never shown.
    """
    told = []
    for name, value in headers:
        if not name or not _TOKEN.issuperset(name):
            raise RequestError(f"net/http: invalid header field name {quote(name)}")
        if not (_FORBIDDEN.isdisjoint(value) and (value.isascii() or _is_text(value))):
            raise RequestError(f'net/http: invalid header field value for "{name}"')
        told.append((name, value.strip(" \t")))
    return told


def _is_text(value: str) -> bool:
    """Whether it is UTF-8 all through: the wire's library leaves other bytes out in silence."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _content(file: WatchedFile) -> str:
    try:
        return file.text()
    except RequestError as error:
        cause = str(error).removeprefix(f"unable to read file {file.name}: ")
        raise RequestError(f"unable to read headers file {file.name}: {cause}") from None
