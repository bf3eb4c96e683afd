"""Which proxy a request takes.

Upstream: prometheus/common config/http_config.go ProxyConfig.Proxy, Go httpproxy.Config.ProxyFunc.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.httpclient.failure import RequestError
from amp.httpclient.target import Target, parse_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amp.fields.http import HttpConfig, OAuth2

LOCAL = "localhost"
SOCKS = frozenset({"socks5", "socks5h"})


@dataclass(frozen=True, slots=True)
class NoProxy:
    """The destinations that go without a proxy, in the syntax of NO_PROXY."""

    everything: bool
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    addresses: frozenset[tuple[str, int | None]]
    domains: tuple[tuple[str, bool, int | None], ...]
    """Suffix with its leading dot, whether the bare name matches too, port."""

    def covers(self, host: str, port: int) -> bool:
        """Whether a destination needs no proxy. Loopback never does."""
        address = _address(host)
        if host == LOCAL or (address is not None and address.is_loopback):
            return True
        if self.everything:
            return True
        if address is not None:
            if any(address in network for network in self.networks):
                return True
            shown = str(address)
            return (shown, None) in self.addresses or (shown, port) in self.addresses
        name = host.rstrip(".").lower()
        return any(
            (name.endswith(suffix) or (bare and name == suffix[1:])) and wanted in (None, port)
            for suffix, bare, wanted in self.domains
        )


def parse_no_proxy(text: str) -> NoProxy:
    """Reads a comma-separated list; what makes no sense is passed over, as in Go."""
    networks, addresses, domains = [], set(), []
    everything = False
    for part in text.split(","):
        entry = part.strip().lower()
        if not entry:
            continue
        if entry == "*":
            everything = True
            break
        try:
            if "/" in entry:
                networks.append(ipaddress.ip_network(entry, strict=False))
                continue
        except ValueError:
            pass
        name, port = _split(entry)
        address = _address(name)
        if address is not None:
            addresses.add((str(address), port))
        elif name:
            domains.append(_domain(name, port))
    return NoProxy(everything, tuple(networks), frozenset(addresses), tuple(domains))


class Proxies:
    """Chooses the proxy for a request, from a configuration or from the environment."""

    def __init__(self, config: HttpConfig | OAuth2, environment: Mapping[str, str]) -> None:
        self._always = bool(config.proxy_url) and not config.no_proxy
        self._no_proxy = parse_no_proxy(config.no_proxy)
        self._by_scheme = {"http": config.proxy_url or "", "https": config.proxy_url or ""}
        if config.proxy_from_environment:
            self._from(environment)
        self._known: dict[str, Target] = {}

    def choose(self, target: Target) -> Target | None:
        """The proxy for a request, None when it goes straight.

        Raises:
            RequestError: for a proxy that cannot be used.
        """
        url = self._by_scheme.get(target.scheme)
        if not url:
            return None
        if not self._always and self._no_proxy.covers(target.host, target.port):
            return None
        proxy = self._known.get(url)
        if proxy is None:
            proxy = self._known[url] = _proxy(url)
        return proxy

    def _from(self, environment: Mapping[str, str]) -> None:
        def variable(name: str) -> str:
            return environment.get(name) or environment.get(name.lower()) or ""

        self._by_scheme = {"http": variable("HTTP_PROXY"), "https": variable("HTTPS_PROXY")}
        self._no_proxy = parse_no_proxy(variable("NO_PROXY"))


def _proxy(url: str) -> Target:
    text = url if "://" in url else f"http://{url}"
    try:
        proxy = parse_target(text)
    except RequestError:
        raise RequestError("invalid proxy address") from None
    if not proxy.host:
        raise RequestError("proxyconnect tcp: dial tcp: missing address")
    return proxy


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _split(entry: str) -> tuple[str, int | None]:
    """Host and port; the port None when there is none."""
    if _address(entry) is not None:
        return entry.strip("[]"), None
    name, colon, digits = entry.rpartition(":")
    if not colon:
        return entry, None
    return name.strip("[]"), int(digits) if digits.isdigit() else None


def _domain(name: str, port: int | None) -> tuple[str, bool, int | None]:
    """`example.com` matches itself and what is below, `.example.com` and `*.…` only the latter."""
    name = name.removeprefix("*") if name.startswith("*.") else name
    return (name, False, port) if name.startswith(".") else (f".{name}", True, port)
