"""The `http_config` block (Upstream: common config/http_config.go HTTPClientConfig)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amp.fields.codec import Anything, Flag, ListOf, MapOf, ProxyUrl, SecretText, Text
from amp.fields.paths import under
from amp.fields.quote import quote
from amp.fields.secret import Secret
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.fields.tls import TlsConfig, count

if TYPE_CHECKING:
    from typing import Self

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
RESERVED_HEADERS = frozenset(
    {
        "Authorization",
        "Host",
        "Content-Encoding",
        "Content-Length",
        "Content-Type",
        "User-Agent",
        "Connection",
        "Keep-Alive",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "Www-Authenticate",
        "Accept-Encoding",
        "X-Prometheus-Remote-Write-Version",
        "X-Prometheus-Remote-Read-Version",
        "X-Prometheus-Scrape-Timeout-Seconds",
        "X-Amz-Date",
        "X-Amz-Security-Token",
        "X-Amz-Content-Sha256",
    }
)
_ONE_KIND = "at most one of basic_auth, oauth2 & authorization must be configured"
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


@dataclass(frozen=True, slots=True)
class BasicAuth(Struct):
    """User name and password, each from one source."""

    GO = "config.plain"

    username: str = entry(Text())
    username_file: str = entry(Text())
    username_ref: str = entry(Text())
    password: Secret = entry(SecretText())
    password_file: str = entry(Text())
    password_ref: str = entry(Text())


@dataclass(frozen=True, slots=True)
class Authorization(Struct):
    """An Authorization header of any type but basic."""

    GO = "config.Authorization"

    type: str = entry(Text())
    credentials: Secret = entry(SecretText())
    credentials_file: str = entry(Text())
    credentials_ref: str = entry(Text())


@dataclass(frozen=True, slots=True)
class Header(Struct):
    """The values of one header, in the order values, secrets, files."""

    GO = "config.Header"

    values: tuple[str, ...] = entry(ListOf(Text(), "[]string"))
    secrets: tuple[Secret, ...] = entry(ListOf(SecretText(), "[]config.Secret"))
    files: tuple[str, ...] = entry(ListOf(Text(), "[]string"))


_PROXY_HEADER = MapOf(ListOf(SecretText(), "[]config.Secret"), "config.ProxyHeader")
HEADERS = MapOf(StructOf(Header, pointer=False), "config.Headers")


@dataclass(frozen=True, slots=True)
class OAuth2(Struct):
    """An OAuth 2 client; the proxy keys are for the token endpoint."""

    GO = "config.plain"
    NEEDS = ("client_id", "token_url")

    client_id: str = entry(Text(), keep=True)
    client_secret: Secret = entry(SecretText())
    client_secret_file: str = entry(Text())
    client_secret_ref: str = entry(Text())
    client_certificate_key_id: str = entry(Text())
    client_certificate_key: Secret = entry(SecretText())
    client_certificate_key_file: str = entry(Text())
    client_certificate_key_ref: str = entry(Text())
    grant_type: str = entry(Text())
    signature_algorithm: str = entry(Text())
    iss: str = entry(Text())
    audience: str = entry(Text())
    claims: dict[str, Any] = entry(MapOf(Anything(), "map[string]interface {}"))
    scopes: tuple[str, ...] = entry(ListOf(Text(), "[]string"))
    token_url: str = entry(Text(), keep=True)
    endpoint_params: dict[str, str] = entry(MapOf(Text(), "map[string]string"))
    tls_config: TlsConfig = entry(StructOf(TlsConfig, pointer=False), TlsConfig())
    proxy_url: str | None = entry(ProxyUrl())
    no_proxy: str = entry(Text())
    proxy_from_environment: bool = entry(Flag())
    proxy_connect_header: dict[str, tuple[Secret, ...]] = entry(_PROXY_HEADER)

    def checked(self) -> Self:
        """The proxy's rules; the rest is checked with the whole http_config."""
        check_proxy(self)
        return self


@dataclass(frozen=True, slots=True)
class HttpConfig(Struct):
    """The settings of an HTTP client; `bearer_token` arrives as `authorization`."""

    GO = "config.plain"

    basic_auth: BasicAuth | None = entry(StructOf(BasicAuth))
    authorization: Authorization | None = entry(StructOf(Authorization))
    oauth2: OAuth2 | None = entry(StructOf(OAuth2))
    bearer_token: Secret = entry(SecretText())
    bearer_token_file: str = entry(Text())
    tls_config: TlsConfig = entry(StructOf(TlsConfig, pointer=False), TlsConfig())
    follow_redirects: bool = entry(Flag(), default=True, keep=True)
    enable_http2: bool = entry(Flag(), default=True, keep=True)
    proxy_url: str | None = entry(ProxyUrl())
    no_proxy: str = entry(Text())
    proxy_from_environment: bool = entry(Flag())
    proxy_connect_header: dict[str, tuple[Secret, ...]] = entry(_PROXY_HEADER)
    http_headers: dict[str, Header] = entry(HEADERS)

    def checked(self) -> Self:
        """Upstream's rules in upstream's order; bearer tokens become `authorization`."""
        bearer = count(self.bearer_token, self.bearer_token_file)
        if bearer > 1:
            raise refused(
                "at most one of bearer_token & bearer_token_file must be configured",
                "bearer_token",
            )
        if bearer and (self.basic_auth is not None or self.oauth2 is not None):
            raise refused(
                "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be"
                " configured",
                "bearer_token" if self.bearer_token else "bearer_token_file",
            )
        _check_basic_auth(self.basic_auth)
        authorization = self._authorization(bearer)
        if self.oauth2 is not None:
            if self.basic_auth is not None:
                raise refused(_ONE_KIND, "oauth2")
            _check_oauth2(self.oauth2)
        check_proxy(self)
        check_headers(self.http_headers)
        if authorization is self.authorization:
            return self
        return dataclasses.replace(
            self, authorization=authorization, bearer_token=Secret(), bearer_token_file=""
        )

    def _authorization(self, bearer: int) -> Authorization | None:
        given = self.authorization
        if given is None:
            if not bearer:
                return None
            return Authorization("Bearer", self.bearer_token, self.bearer_token_file)
        if bearer:
            raise refused(
                "authorization is not compatible with bearer_token & bearer_token_file",
                "authorization",
            )
        if count(given.credentials, given.credentials_file, given.credentials_ref) > 1:
            raise refused(
                "at most one of authorization credentials & credentials_file must be configured",
                "authorization",
            )
        kind = given.type.strip() or "Bearer"
        if kind.lower() == "basic":
            raise refused(
                'authorization type cannot be set to "basic", use "basic_auth" instead',
                "authorization.type",
            )
        if self.basic_auth is not None or self.oauth2 is not None:
            raise refused(_ONE_KIND, "authorization")
        return given if kind == given.type else dataclasses.replace(given, type=kind)

    def under(self, folder: str) -> Self:
        """The block with its files relative to the configuration's folder."""
        basic, bearer, oauth2 = self.basic_auth, self.authorization, self.oauth2
        if basic is not None:
            basic = dataclasses.replace(
                basic,
                username_file=under(folder, basic.username_file),
                password_file=under(folder, basic.password_file),
            )
        if bearer is not None:
            bearer = dataclasses.replace(
                bearer, credentials_file=under(folder, bearer.credentials_file)
            )
        if oauth2 is not None:
            oauth2 = dataclasses.replace(
                oauth2,
                client_secret_file=under(folder, oauth2.client_secret_file),
                tls_config=oauth2.tls_config.under(folder),
            )
        headers = {
            name: dataclasses.replace(
                header, files=tuple(under(folder, path) for path in header.files)
            )
            for name, header in self.http_headers.items()
        }
        return dataclasses.replace(
            self,
            basic_auth=basic,
            authorization=bearer,
            oauth2=oauth2,
            tls_config=self.tls_config.under(folder),
            http_headers=headers,
        )


def check_proxy(proxy: HttpConfig | OAuth2) -> None:
    """The rules between the proxy keys (Upstream: ProxyConfig.Validate)."""
    if proxy.proxy_connect_header and not proxy.proxy_from_environment and not proxy.proxy_url:
        raise refused(
            "if proxy_connect_header is configured, proxy_url or proxy_from_environment must"
            " also be configured",
            "proxy_connect_header",
        )
    if proxy.proxy_from_environment and proxy.proxy_url:
        raise refused(
            "if proxy_from_environment is configured, proxy_url must not be configured",
            "proxy_url",
        )
    if proxy.proxy_from_environment and proxy.no_proxy:
        raise refused(
            "if proxy_from_environment is configured, no_proxy must not be configured", "no_proxy"
        )
    if proxy.proxy_url is None and proxy.no_proxy:
        raise refused("if no_proxy is configured, proxy_url must also be configured", "no_proxy")


def check_headers(headers: dict[str, Header]) -> None:
    """Refuses headers that the client sets itself (Upstream: common config/headers.go)."""
    for name in headers:
        canonical = canonical_header(name)
        if canonical in RESERVED_HEADERS:
            raise refused(f"setting header {quote(canonical)} is not allowed", "http_headers")


def canonical_header(name: str) -> str:
    """`X-My-Header` for `x-my-header`; unchanged when it is no header name (Go: textproto)."""
    if not name or not _TOKEN.issuperset(name):
        return name
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


def _check_basic_auth(basic: BasicAuth | None) -> None:
    if basic is None:
        return
    if count(basic.username, basic.username_file, basic.username_ref) > 1:
        raise refused(
            "at most one of basic_auth username, username_file & username_ref must be configured",
            "basic_auth",
        )
    if count(basic.password, basic.password_file, basic.password_ref) > 1:
        raise refused(
            "at most one of basic_auth password, password_file & password_ref must be configured",
            "basic_auth",
        )


def _check_oauth2(oauth2: OAuth2) -> None:
    if not oauth2.client_id:
        raise refused("oauth2 client_id must be configured", "oauth2")
    if not oauth2.token_url:
        raise refused("oauth2 token_url must be configured", "oauth2")
    if oauth2.grant_type == JWT_BEARER:
        if (
            count(
                oauth2.client_certificate_key,
                oauth2.client_certificate_key_file,
                oauth2.client_certificate_key_ref,
            )
            > 1
        ):
            raise refused(
                "at most one of oauth2 client_certificate_key, client_certificate_key_file &"
                f" client_certificate_key_ref must be configured using grant-type={JWT_BEARER}",
                "oauth2",
            )
        if oauth2.signature_algorithm not in ("", "RS256", "RS384", "RS512"):
            raise refused(
                "valid signature algorithms are RS256, RS384 and RS512",
                "oauth2.signature_algorithm",
            )
    elif count(oauth2.client_secret, oauth2.client_secret_file, oauth2.client_secret_ref) > 1:
        raise refused(
            "at most one of oauth2 client_secret, client_secret_file & client_secret_ref must be"
            " configured using grant-type=client_credentials",
            "oauth2",
        )
