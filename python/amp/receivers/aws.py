"""Signed requests to AWS, through our own client."""

from __future__ import annotations

import asyncio
import dataclasses
import html
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from amp.clock import SECOND_NS
from amp.errors import ConfigError
from amp.fields.http import HttpConfig
from amp.httpclient.failure import RequestError
from amp.httpclient.files import WatchedFile
from amp.httpclient.thread import beside
from amp.receivers.base import NO_RETRIES, check, shown
from amp.receivers.sigv4 import Failure, Keys, Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amp.httpclient import HttpClient, Response
    from amp.receivers.sigv4 import SigV4

KEPT_NS = 60 * SECOND_NS
"""How long a look-up is used: profiles and environments of running systems do change."""

LONG_BYTES = 8 << 10
ROLE_SECONDS = 900
ROLE_SPARE_SECONDS = 300
PASSING = frozenset(
    {
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "Throttled",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""Codes after which AWS's libraries try again, whatever the status."""


class Aws:
    """Signs and sends the requests of one `sigv4` block.

    Args:
        config: region, keys, profile and role.
        http_config: of it only TLS and proxies count, as upstream.
        http: what the client is derived from.
        own_client: upstream's `use_aws_http_client`: the environment's proxies count too.
    """

    def __init__(
        self,
        config: SigV4,
        http_config: HttpConfig | None,
        http: HttpClient,
        *,
        own_client: bool,
    ) -> None:
        self._config = config
        self._parent = http
        given = http_config or HttpConfig()
        bundle = http.environment.get("AWS_CA_BUNDLE", "")
        own_client = own_client or bool(bundle)
        self._http_config = HttpConfig(
            tls_config=given.tls_config,
            follow_redirects=False,
            proxy_url=given.proxy_url,
            no_proxy=given.no_proxy,
            proxy_from_environment=given.proxy_from_environment
            or (own_client and given.proxy_url is None),
            proxy_connect_header=given.proxy_connect_header,
        )
        self._http = http.derived(self._http_config)
        self._bundle = bundle
        self._loading = asyncio.Lock()
        self._session: Session | None = None
        self._loaded_ns = 0
        self._keys: Keys | None = None
        self._role: tuple[Keys, Keys, float] | None = None

    async def session(self, now_ns: int) -> Session:
        """Region, profile and addresses, looked up at most once a minute.

        Raises:
            Failure: when there is no region or profile.
            SendError: not retryable, when the library is not installed.
        """
        async with self._loading:
            if self._session is not None and 0 <= now_ns - self._loaded_ns < KEPT_NS:
                return self._session
            if self._bundle:
                self._trust_bundle()
            config, environment = self._config, self._parent.environment
            self._session = await beside(lambda: Session(config, environment))
            self._keys = None
            self._loaded_ns = now_ns
            return self._session

    async def request(
        self,
        session: Session,
        service: str,
        fields: Mapping[str, str | bytes],
        base_url: str,
        now_ns: int,
    ) -> Response:
        """Posts a form, signed.

        Args:
            session: what `session` gave.
            service: `sns`, also its name in signatures.
            fields: the form.
            base_url: where to; empty for the service's address.
            now_ns: tells whether a role's keys are still good.

        Raises:
            Failure: when no answer came.
            SendError: when a role was refused.
        """
        url = session.address(service, base_url)
        keys = await self._current_keys(session, now_ns)
        return await self._post(session, service, url, keys, fields)

    def check(self, response: Response) -> None:
        """Accepts 2xx; keys that are refused are looked up again the next time.

        Raises:
            SendError: for any other status, with the service's message.
        """
        text = response.body.decode("utf-8", "replace")
        if response.status in (401, 403):
            self._session = self._keys = self._role = None
        again = {response.status} if element(text, "Code") in PASSING else NO_RETRIES
        message = element(text, "Message") or "UnknownError"
        check(response, retry=again, details=shown(message.encode()))

    def _trust_bundle(self) -> None:
        """Trusts the authorities of AWS_CA_BUNDLE, and of `tls_config` where it names some."""
        bundle, self._bundle = self._bundle, ""
        given = self._http_config.tls_config
        names = [bundle, *([given.ca_file] if given.ca_file else [])]
        what = "base config for STS" if self._config.role_arn else "final config for SNS"
        try:
            texts = [WatchedFile(name).read().decode("utf-8", "replace") for name in names]
            tls = dataclasses.replace(given, ca="\n".join([given.ca, *texts]), ca_file="")
            self._http = self._parent.derived(
                dataclasses.replace(self._http_config, tls_config=tls)
            )
        except (RequestError, ConfigError) as error:
            self._bundle = bundle
            cause = str(error).removeprefix(f"unable to read file {bundle}: ")
            raise Failure(f"failed to load {what}: {cause}", within=False) from None

    async def _current_keys(self, session: Session, now_ns: int) -> Keys:
        async with self._loading:
            keys = self._keys
            if keys is None:
                keys = self._keys = await beside(session.keys)
            return await self._assumed(session, keys, now_ns) if self._config.role_arn else keys

    async def _assumed(self, session: Session, keys: Keys, now_ns: int) -> Keys:
        """The role's keys, asked for again before they expire (AWS STS AssumeRole)."""
        if self._role is not None:
            of, assumed, until_seconds = self._role
            if of == keys and now_ns / SECOND_NS < until_seconds:
                return assumed
        external = {"ExternalId": self._config.external_id} if self._config.external_id else {}
        fields = {
            "Action": "AssumeRole",
            "DurationSeconds": str(ROLE_SECONDS),
            **external,
            "RoleArn": self._config.role_arn,
            "RoleSessionName": f"alertmanager-{now_ns}",
            "Version": "2011-06-15",
        }
        try:
            url = session.address("sts", "")
            response = await self._post(session, "sts", url, keys, fields)
            if response.status // 100 != 2:
                self.check(response)
            assumed, until_seconds = _role(response)
        except Failure as failure:
            raise Failure(
                f"get identity: get credentials: {failure.told('operation error STS: AssumeRole')}"
            ) from None
        self._role = keys, assumed, until_seconds - ROLE_SPARE_SECONDS
        return assumed

    async def _post(
        self,
        session: Session,
        service: str,
        url: str,
        keys: Keys,
        fields: Mapping[str, str | bytes],
    ) -> Response:
        if sum(map(len, fields.values())) > LONG_BYTES:
            # Escaping takes milliseconds, in which others are served.
            body = await asyncio.to_thread(_form, fields)
            headers = await asyncio.to_thread(session.signed, service, url, keys, body)
        else:
            body = _form(fields)
            headers = session.signed(service, url, keys, body)
        try:
            return await self._http.request(
                "POST", url, headers=headers, body=body, redacted=False, secret=service == "sts"
            )
        except RequestError as error:
            raise Failure(
                f"https response error StatusCode: 0, RequestID: , request send failed, {error}"
            ) from None


def _form(fields: Mapping[str, str | bytes]) -> bytes:
    return urlencode(sorted(fields.items())).encode()


def element(text: str, name: str) -> str:
    """What the first element of a name holds, in the flat answers of AWS."""
    _, _, after = text.partition(f"<{name}>")
    held, end, _ = after.partition(f"</{name}>")
    return html.unescape(held) if end else ""


def _role(response: Response) -> tuple[Keys, float]:
    """The keys of an answer of AssumeRole, and when they end."""
    text = response.body.decode("utf-8", "replace")
    keys = Keys(
        *(element(text, name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
    )
    try:
        expires = datetime.fromisoformat(element(text, "Expiration"))
        until = expires.timestamp() if expires.tzinfo is not None else 0.0
    except ValueError:
        until = 0.0
    if not all(keys):
        raise Failure("no credentials in the answer")
    return keys, until
