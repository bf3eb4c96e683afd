"""The `tls_config` block (Upstream: common config/http_config.go TLSConfig)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.errors import ConfigError
from amp.fields.codec import Custom, Flag, SecretText, Text
from amp.fields.json_schema import one_of
from amp.fields.paths import under
from amp.fields.struct import Struct, entry, refused

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.secret import Secret

TLS_VERSIONS = ("TLS10", "TLS11", "TLS12", "TLS13")


def _version(text: str) -> str:
    if text not in TLS_VERSIONS:
        raise ConfigError(f"unknown TLS version: {text}")
    return text


_VERSION = Custom(_version, zero="", schema=one_of(TLS_VERSIONS))


@dataclass(frozen=True, slots=True)
class TlsConfig(Struct):
    """How a TLS connection is secured; empty texts are unset."""

    GO = "config.plain"

    ca: str = entry(Text())
    cert: str = entry(Text())
    key: Secret = entry(SecretText())
    ca_file: str = entry(Text())
    cert_file: str = entry(Text())
    key_file: str = entry(Text())
    ca_ref: str = entry(Text())
    cert_ref: str = entry(Text())
    key_ref: str = entry(Text())
    server_name: str = entry(Text())
    insecure_skip_verify: bool = entry(Flag(), keep=True)
    min_version: str = entry(_VERSION)
    max_version: str = entry(_VERSION)

    def checked(self) -> Self:
        """One source each of CA, certificate and key; certificate and key together."""
        certificates = count(self.cert, self.cert_file, self.cert_ref)
        keys = count(self.key, self.key_file, self.key_ref)
        if count(self.ca, self.ca_file, self.ca_ref) > 1:
            raise refused("at most one of ca, ca_file & ca_ref must be configured", "ca")
        if certificates > 1:
            raise refused("at most one of cert, cert_file & cert_ref must be configured", "cert")
        if keys > 1:
            raise refused("at most one of key and key_file must be configured", "key")
        if certificates and not keys:
            raise refused(
                "exactly one of key or key_file must be configured when a client certificate is"
                " configured",
                "cert",
            )
        if keys and not certificates:
            raise refused(
                "exactly one of cert or cert_file must be configured when a client key is"
                " configured",
                "key",
            )
        return self

    def under(self, folder: str) -> Self:
        """The block with its files relative to a folder."""
        return dataclasses.replace(
            self,
            ca_file=under(folder, self.ca_file),
            cert_file=under(folder, self.cert_file),
            key_file=under(folder, self.key_file),
        )


def count(*values: object) -> int:
    """How many of the values are set."""
    return sum(1 for value in values if value)
