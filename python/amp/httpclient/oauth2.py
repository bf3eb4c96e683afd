"""Access tokens by OAuth 2 client credentials or a signed assertion.

Upstream: prometheus/common config/http_config.go oauth2RoundTripper, Go oauth2 internal/token.go.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, quote_plus, urlencode

from amp.fields.http import JWT_BEARER
from amp.httpclient.credential import basic, read, source
from amp.httpclient.failure import RequestError
from amp.httpclient.jwt import assertion
from amp.httpclient.tls import refuse_reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amp.fields.http import OAuth2
    from amp.httpclient.response import Response

EARLY_SECONDS = 10.0
"""A token is renewed this long before it expires."""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SHOWN_BYTES = 1 << 10


class Requests(Protocol):
    """What is needed of a client."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        redacted: bool = True,
        secret: bool = False,
    ) -> Response:
        """Sends a request."""

    async def close(self) -> None:
        """Closes the connections."""


class TokenSource:
    """Fetches tokens and keeps the last one until it expires.

    Args:
        config: the `oauth2` block.
        http: a client with the block's TLS and proxy settings and without credentials.
    """

    overrides = True

    def __init__(self, config: OAuth2, http: Requests) -> None:
        refuse_reference(config.client_secret_ref, "client secret")
        refuse_reference(config.client_certificate_key_ref, "client certificate key")
        self._config = config
        self._http = http
        self._secret = source(config.client_secret, config.client_secret_file)
        self._key = source(config.client_certificate_key, config.client_certificate_key_file)
        self._fetching = asyncio.Lock()
        self._token = ""
        self._secret_of_token = ""
        self._until_seconds = 0.0
        self._in_header: bool | None = None

    async def header(self, user_agent: str) -> str:
        """The token's type and value; fetched when there is none, it expired or the secret changed.

        Args:
            user_agent: what the request for a token calls itself.

        Raises:
            RequestError: when the endpoint gives none.
        """
        secret = self._read_secret()
        if not self._fresh(secret):
            async with self._fetching:
                if not self._fresh(secret):
                    await self._fetch(secret, {"User-Agent": user_agent})
        return self._token

    async def close(self) -> None:
        """Closes the connections to the token endpoint."""
        await self._http.close()

    def _read_secret(self) -> str:
        if self._config.grant_type == JWT_BEARER:
            return read(self._key, "client secret", "oauth2")
        return read(self._secret, "client secret", "oauth2")

    def _fresh(self, secret: str) -> bool:
        return (
            bool(self._token)
            and secret == self._secret_of_token
            and time.monotonic() < self._until_seconds
        )

    async def _fetch(self, secret: str, headers: Mapping[str, str]) -> None:
        form = self._form(secret)
        if self._config.grant_type == JWT_BEARER:
            answer = _parse(await self._post(form, headers))
        else:
            answer = await self._with_secret(form, secret, headers)
        kind = str(answer.get("token_type") or "Bearer")
        known = {"bearer": "Bearer", "mac": "MAC", "basic": "Basic"}
        self._token = f"{known.get(kind.lower(), kind)} {answer['access_token']}"
        self._secret_of_token = secret
        lifetime = _lifetime(answer)
        self._until_seconds = time.monotonic() + lifetime - EARLY_SECONDS

    def _form(self, secret: str) -> dict[str, list[str]]:
        config = self._config
        form: dict[str, list[str]] = {}
        if config.grant_type == JWT_BEARER:
            form["grant_type"] = [JWT_BEARER]
            form["assertion"] = [assertion(config, secret, int(time.time()))]
            if config.scopes:
                form["scope"] = [" ".join(config.scopes)]
        else:
            form["grant_type"] = ["client_credentials"]
            if config.scopes:
                form["scope"] = [" ".join(config.scopes)]
        for name, value in config.endpoint_params.items():
            form[name] = [value]
        return form

    async def _with_secret(
        self, form: dict[str, list[str]], secret: str, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """Identifies in the header first, then in the form; remembers what the endpoint takes."""
        user = self._config.client_id
        ways = (True, False) if self._in_header is None else (self._in_header,)
        failure = RequestError("oauth2: no way to identify")
        for in_header in ways:
            if in_header:
                identity = {"Authorization": basic(quote_plus(user), quote_plus(secret))}
                sent = form
            else:
                identity = {}
                sent = form | {"client_id": [user]}
                if secret:
                    sent["client_secret"] = [secret]
            response = await self._post(sent, {**headers, **identity})
            try:
                answer = _parse(response)
            except RequestError as error:
                failure = error
                continue
            self._in_header = in_header
            return answer
        raise failure

    async def _post(self, form: dict[str, list[str]], headers: Mapping[str, str]) -> Response:
        body = urlencode(sorted(form.items()), doseq=True).encode()
        return await self._http.request(
            "POST",
            self._config.token_url,
            headers={**FORM, **headers},
            body=body,
            redacted=False,
            secret=True,
        )


def _parse(response: Response) -> dict[str, Any]:
    """The token answer.

    Raises:
        RequestError: with the words of Go's oauth2 library.
    """
    failed = not 200 <= response.status <= 299
    if response.content_type in {"application/x-www-form-urlencoded", "text/plain"}:
        values = parse_qs(response.body.decode("utf-8", "replace"))
        answer: Any = {name: value[0] for name, value in values.items()}
    else:
        try:
            answer = json.loads(response.body)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            if not failed:
                raise RequestError("oauth2: cannot parse json: the answer is no JSON object")
            answer = {}
    if failed or answer.get("error"):
        raise RequestError(_refusal(response, answer))
    if not isinstance(answer.get("access_token"), str) or not answer["access_token"]:
        raise RequestError("oauth2: server response missing access_token")
    return dict(answer)


def _refusal(response: Response, answer: dict[str, Any]) -> str:
    if code := answer.get("error"):
        parts = [code, answer.get("error_description"), answer.get("error_uri")]
        return "oauth2: " + " ".join(f'"{part}"' for part in parts if part)
    shown = response.body[:SHOWN_BYTES].decode("utf-8", "replace")
    return f"oauth2: cannot fetch token: {response.status} {response.reason}\nResponse: {shown}"


def _lifetime(answer: dict[str, Any]) -> float:
    """Seconds until the token expires; for ever when the answer does not say."""
    try:
        seconds = float(answer.get("expires_in") or 0)
    except (TypeError, ValueError):
        raise RequestError("oauth2: cannot parse json: invalid expires_in") from None
    return seconds if seconds > 0 else math.inf
