"""The Authorization header that a configuration asks for.

Upstream: prometheus/common config/http_config.go (the round trippers).
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Protocol

from amp.httpclient.failure import RequestError
from amp.httpclient.files import WatchedFile
from amp.httpclient.tls import refuse_reference

if TYPE_CHECKING:
    from amp.fields.http import Authorization, BasicAuth
    from amp.fields.secret import Secret


class Credential(Protocol):
    """Makes the value of an Authorization header."""

    @property
    def overrides(self) -> bool:
        """Whether it goes before the header that a request already has."""

    async def header(self, user_agent: str) -> str:
        """The value for a request now; RequestError when there is none.

        Args:
            user_agent: what the request calls itself.
        """

    async def close(self) -> None:
        """Lets go of what it holds."""


def basic(user: str, password: str) -> str:
    """The value of HTTP basic authentication."""
    pair = f"{user}:{password}".encode("utf-8", "surrogateescape")
    return "Basic " + b64encode(pair).decode()


class _Static:
    overrides = False

    async def close(self) -> None:
        """Holds nothing."""


class Basic(_Static):
    """`basic_auth`; files are read at each request."""

    def __init__(self, config: BasicAuth) -> None:
        refuse_reference(config.username_ref, "username")
        refuse_reference(config.password_ref, "password")
        self._user = source(config.username, config.username_file)
        self._password = source(config.password, config.password_file)

    async def header(self, user_agent: str) -> str:  # it asks nobody
        """`Basic …`."""
        return basic(
            read(self._user, "username", "basic auth"),
            read(self._password, "password", "basic auth"),
        )


class Token(_Static):
    """`authorization` (and `bearer_token`); a file is read at each request."""

    def __init__(self, config: Authorization) -> None:
        refuse_reference(config.credentials_ref, "credentials")
        self._type = config.type or "Bearer"
        self._credentials = source(config.credentials, config.credentials_file)

    async def header(self, user_agent: str) -> str:  # it asks nobody
        """Type and credentials."""
        return f"{self._type} {read(self._credentials, 'credentials', 'authorization')}"


def source(text: str | Secret, file: str) -> str | WatchedFile:
    """Where a text comes from."""
    if file:
        return WatchedFile(file)
    return text if isinstance(text, str) else text.reveal()


def read(source: str | WatchedFile, what: str, where: str) -> str:
    """A text, or what its file holds now."""
    if isinstance(source, str):
        return source
    try:
        return source.text()
    except RequestError as error:
        raise RequestError(f"unable to read {where} {what}: {error}") from None
