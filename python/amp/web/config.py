"""The web configuration file: its keys and upstream's checks.

Upstream: exporter-toolkit web/tls_config.go getConfig, web/handler.go validateHeaderConfig.
"""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.errors import ConfigError
from amp.fields.codec import Custom, Flag, Int, ListOf, MapOf, SecretText, Text
from amp.fields.decode import Decoder, Refused, finish, key_text, line_of
from amp.fields.duration import Duration, GoDuration
from amp.fields.node import parse
from amp.fields.paths import under
from amp.fields.quote import quote
from amp.fields.struct import Struct, StructOf, entry
from amp.fields.tls import TLS_VERSIONS
from amp.httpclient.failure import RequestError
from amp.httpclient.files import WatchedFile
from amp.web.hash import Hash

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.secret import Secret

CIPHERS = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
}
"""Go's names of what can be chosen up to TLS 1.2, and OpenSSL's."""

FIXED_CIPHERS = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
"""Those of TLS 1.3, which can be named and are always there, in Go too."""

CURVES = {
    "CurveP256": "prime256v1",
    "CurveP384": "secp384r1",
    "CurveP521": "secp521r1",
    "X25519": "X25519",
}

HEADERS: dict[str, tuple[str, ...]] = {
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
    "Content-Security-Policy": (),
}
"""The headers that may be added; with values only these."""


def _version(text: str) -> str:
    if text not in TLS_VERSIONS:
        raise ConfigError(f"unknown TLS version: {text}")
    return text


def _cipher(text: str) -> str:
    if text not in CIPHERS and text not in FIXED_CIPHERS:
        raise ConfigError(f"unknown cipher: {text}")
    return text


def _curve(text: str) -> str:
    if text not in CURVES:
        raise ConfigError(f"unknown curve: {text}")
    return text


@dataclass(frozen=True, slots=True)
class ServerTls(Struct):
    """The block `tls_server_config`; empty texts are unset.

    Attributes:
        client_allowed_sans: None when not given, which an empty list is not.
        prefer_server_cipher_suites: without effect, as in Go since 1.17.
    """

    GO = "web.TLSConfig"

    cert: str = entry(Text())
    key: Secret = entry(SecretText())
    client_ca: str = entry(Text())
    cert_file: str = entry(Text())
    key_file: str = entry(Text())
    client_auth_type: str = entry(Text())
    client_ca_file: str = entry(Text())
    cipher_suites: tuple[str, ...] = entry(ListOf(Custom(_cipher, zero=""), "[]web.Cipher"))
    curve_preferences: tuple[str, ...] = entry(ListOf(Custom(_curve, zero=""), "[]web.Curve"))
    min_version: str = entry(Custom(_version, zero=""), "TLS12")
    max_version: str = entry(Custom(_version, zero=""), "TLS13")
    prefer_server_cipher_suites: bool = entry(Flag(), default=True)
    client_allowed_sans: tuple[str, ...] | None = entry(ListOf(Text(), "[]string", optional=True))

    @property
    def enabled(self) -> bool:
        """Whether the block asks for TLS at all."""
        pair = self.cert or self.cert_file or self.key or self.key_file
        return bool(pair or self.client_ca or self.client_ca_file or self.client_auth_type)

    def under(self, folder: str) -> Self:
        """The block with its files relative to a folder."""
        return dataclasses.replace(
            self,
            cert_file=under(folder, self.cert_file),
            key_file=under(folder, self.key_file),
            client_ca_file=under(folder, self.client_ca_file),
        )


@dataclass(frozen=True, slots=True)
class HttpServer(Struct):
    """The block `http_server_config`.

    Attributes:
        http2: only decides whether `cipher_suites` must hold what HTTP/2 needs.
        headers: added to every answer, by name.
    """

    GO = "web.HTTPConfig"

    http2: bool = entry(Flag(), default=True)
    headers: dict[str, str] = entry(MapOf(Text(), "map[string]string"))


@dataclass(frozen=True, slots=True)
class RateLimit(Struct):
    """The block `rate_limit`: one request each `interval`, `burst` at once; 0 is no limit."""

    GO = "web.RateLimiterConfig"

    burst: int = entry(Int())
    interval: Duration = entry(GoDuration())


@dataclass(frozen=True, slots=True)
class WebConfig(Struct):
    """The whole file."""

    GO = "web.Config"

    tls_server_config: ServerTls = entry(StructOf(ServerTls, pointer=False), ServerTls())
    http_server_config: HttpServer = entry(StructOf(HttpServer, pointer=False), HttpServer())
    rate_limit: RateLimit = entry(StructOf(RateLimit, pointer=False), RateLimit())
    basic_auth_users: dict[str, Secret] = entry(MapOf(SecretText(), "map[string]config.Secret"))

    def checked(self) -> Self:
        """Only known headers, with allowed values."""
        place = ("http_server_config", "headers")
        for name, value in self.http_server_config.headers.items():
            if name not in HEADERS:
                raise Refused(f"HTTP header {quote(name)} can not be configured", *place, name)
            allowed = HEADERS[name]
            if allowed and value not in allowed:
                shown = " ".join(quote(one) for one in allowed)
                raise Refused(
                    f"invalid value for {name}. Expected one of: [{shown}], but got:"
                    f" {quote(value)}",
                    *place,
                    name,
                )
        return self


_ROOT = StructOf(WebConfig, pointer=False)


def read_web(text: str, name: str) -> WebConfig:
    """Reads the file's text.

    Raises:
        ConfigError: with upstream's text, naming the file and the place.
    """
    decoder, node = Decoder(), None
    try:
        node = parse(text)
        found = WebConfig() if node is None else decoder.decode(node, _ROOT)
        finish(decoder)
    except ConfigError as error:
        line, key = error.line, error.key
        if key is None and node is not None:
            path = [*decoder.path, *(error.path if isinstance(error, Refused) else ())]
            line, key = line_of(node, path) if line is None else line, key_text(path) or None
        raise ConfigError(error.cause, file=name, line=line, key=key) from None
    folder = os.path.dirname(name) or "."  # noqa: PTH120  # as it was given: errors show it
    return dataclasses.replace(found, tls_server_config=found.tls_server_config.under(folder))


def check_users(config: WebConfig, name: str) -> None:
    """Refuses hashes that are none, which upstream does at the start only.

    Raises:
        ConfigError: with upstream's text.
    """
    for user, secret in config.basic_auth_users.items():
        try:
            Hash.parse(secret.reveal())
        except ValueError as error:
            raise ConfigError(str(error), file=name, key=f"basic_auth_users.{user}") from None


def read_file(file: WatchedFile) -> bytes:
    """The content of a file that the configuration names.

    Raises:
        ConfigError: `open NAME: …`.
    """
    try:
        return file.read()
    except RequestError as error:
        cause = str(error).removeprefix(f"unable to read file {file.name}: ")
        if cause.endswith(": is a directory"):
            cause = f"read {file.name}: is a directory"
        raise ConfigError(cause) from None


class WebFile:
    """The file, read again whenever it changed; asked at every request and connection."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._file = WatchedFile(name)
        self._content: bytes | None = None
        self._config: WebConfig | None = None
        self._error: ConfigError | None = None

    def read(self) -> WebConfig:
        """What the file says now; the same object while it did not change.

        Raises:
            ConfigError: when it cannot be read or is refused.
        """
        content = read_file(self._file)
        if content is not self._content and content != self._content:
            self._config, self._error = None, None
            try:
                self._config = read_web(content.decode("utf-8-sig"), self.name)
            except UnicodeDecodeError:
                self._error = ConfigError("yaml: invalid leading UTF-8 octet", file=self.name)
            except ConfigError as error:
                self._error = error
        self._content = content
        if self._config is None:
            raise self._error or ConfigError("nothing was read", file=self.name)
        return self._config
