"""The `tracing` block (Upstream: tracing/config.go)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.errors import ConfigError
from amp.fields.codec import Custom, Flag, Float, Text
from amp.fields.duration import Duration, PrometheusDuration
from amp.fields.http import HEADERS, Header
from amp.fields.json_schema import one_of
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.fields.tls import TlsConfig

if TYPE_CHECKING:
    from typing import Self


CLIENT_TYPES = ("http", "grpc")
COMPRESSIONS = ("", "gzip")


def _client_type(text: str) -> str:
    if text not in CLIENT_TYPES:
        raise ConfigError(f"expected tracing client type to be to be http or grpc, but got {text}")
    return text


@dataclass(frozen=True, slots=True)
class Tracing(Struct):
    """Where spans go; without an endpoint tracing is off."""

    GO = "tracing.plain"
    NEEDS = ("endpoint",)

    client_type: str = entry(
        Custom(_client_type, go="tracing.plain", zero="", schema=one_of(CLIENT_TYPES)),
        "grpc",
    )
    endpoint: str = entry(Text())
    sampling_fraction: float = entry(Float())
    insecure: bool = entry(Flag())
    tls_config: TlsConfig | None = entry(StructOf(TlsConfig))
    headers: dict[str, Header] = entry(HEADERS)
    compression: str = entry(Text(schema=one_of(COMPRESSIONS)))
    timeout: Duration = entry(PrometheusDuration())

    def checked(self) -> Self:
        """An endpoint, and the only compression there is."""
        if not self.endpoint:
            raise refused("tracing endpoint must be set", "endpoint")
        if self.compression not in COMPRESSIONS:
            raise refused(
                f"invalid compression type {self.compression} provided, valid options: gzip",
                "compression",
            )
        return self
