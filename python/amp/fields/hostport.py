"""Addresses `host:port` (Go: net.SplitHostPort)."""

from __future__ import annotations

from dataclasses import dataclass

from amp.errors import ConfigError
from amp.fields.quote import quote


@dataclass(frozen=True, slots=True)
class HostPort:
    """A host, which may be empty, and a port, a number or a service's name."""

    host: str = ""
    port: str = ""

    def __bool__(self) -> bool:
        return bool(self.host or self.port)

    def __str__(self) -> str:
        if not self:
            return ""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_host_port(text: str) -> HostPort:
    """Splits at the last colon; an empty text is unset (Upstream: config HostPort)."""
    if not text:
        return HostPort()
    host, port = split_host_port(text)
    if not port:
        raise ConfigError(f"address {quote(text)}: port cannot be empty")
    return HostPort(host, port)


def split_host_port(text: str) -> tuple[str, str]:
    """Host and port, either of which may be empty.

    Raises:
        ConfigError: with Go's text.
    """
    colon = text.rfind(":")
    if colon < 0:
        raise ConfigError(f"address {text}: missing port in address")
    opening, closing = 0, 0
    if text.startswith("["):
        end = text.find("]")
        if end < 0:
            raise ConfigError(f"address {text}: missing ']' in address")
        if end + 1 == len(text) or text[end + 1] != ":":
            raise ConfigError(f"address {text}: missing port in address")
        if end + 1 != colon:
            raise ConfigError(f"address {text}: too many colons in address")
        host, opening, closing = text[1:end], 1, end + 1
    else:
        host = text[:colon]
        if ":" in host:
            raise ConfigError(f"address {text}: too many colons in address")
    if "[" in text[opening:]:
        raise ConfigError(f"address {text}: unexpected '[' in address")
    if "]" in text[closing:]:
        raise ConfigError(f"address {text}: unexpected ']' in address")
    return host, text[colon + 1 :]
