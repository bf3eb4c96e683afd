"""Where people find this process: external URL, route prefix, the name it has as a peer.

Upstream: app/app.go extURL; api.md section 9.
"""

from __future__ import annotations

import secrets
import socket
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from amp.errors import AmpError, ConfigError
from amp.fields.hostport import parse_host_port
from amp.fields.quote import quote
from amp.fields.url import parse_url

if TYPE_CHECKING:
    from collections.abc import Sequence

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def external_url(given: str, address: str) -> str:
    """The link base of notifications, without trailing slashes.

    Args:
        given: `--web.external-url`, empty when not set.
        address: the first listener's bound `host:port`, or a Unix socket's path.

    Raises:
        AmpError: for what is no URL, or of a scheme other than http and https; for none, where the
            address has no port to make one of.
    """
    if not given:
        if ":" not in address:
            raise AmpError(
                f"failed to determine external URL: address {address}: missing port in address"
            )
        return f"http://{socket.gethostname()}:{address.rpartition(':')[2]}"
    try:
        url = parse_url(given)
    except ConfigError as error:
        raise AmpError(f"failed to determine external URL: {error.cause}") from None
    if url.scheme not in ("http", "https"):
        raise AmpError(
            f"failed to determine external URL: {quote(given)}: invalid {quote(url.scheme)} scheme,"
            " only 'http' and 'https' are supported"
        )
    parts = urlsplit(given)
    path = parts.path.strip("/")
    return f"{url.scheme}://{parts.netloc}" + (f"/{path}" if path else "")


def route_prefix(given: str | None, url: str) -> str:
    """The path that all routes live under: `/` or `/some/prefix`."""
    path = urlsplit(url).path if given is None else given
    return "/" + path.strip("/")


def ulid() -> str:
    """A random name of 26 characters that sorts by time. Upstream names peers so."""
    number = int(time.time() * 1000) << 80 | secrets.randbits(80)
    digits = [_CROCKFORD[number >> 5 * place & 31] for place in range(25, -1, -1)]
    return "".join(digits)


def peer(listen: str, advertise: str, name: str, peers: Sequence[str]) -> tuple[str, str] | None:
    """This replica's name and address in the status, None when the cluster is off.

    Raises:
        AmpError: for an address without a port, and when other replicas are named: copies that do
            not know each other would page everybody several times.
    """
    if not listen:
        return None
    for kind, given in (("listen", listen), ("advertise", advertise)):
        if given:
            _check_address(kind, given)
    host, _, port = (advertise or listen).rpartition(":")
    if host in ("", "0.0.0.0", "[::]", "::"):  # noqa: S104  # compared, not bound
        host = _own_address()
    own = f"{host}:{port}"
    others = [given for given in peers if _resolved(given) != _resolved(own)]
    if others:
        raise AmpError(
            f"unable to initialize gossip mesh: --cluster.peer={others[0]} names another replica, "
            "and this version of AMP runs alone: several replicas would notify several times; "
            "remove --cluster.peer, or set --cluster.listen-address= (empty) to run one replica"
        )
    return name or ulid(), own


def _check_address(kind: str, address: str) -> None:
    try:
        parse_host_port(address)
    except ConfigError as error:
        raise AmpError(
            f"unable to initialize gossip mesh: invalid {kind} address: {error.cause}"
        ) from None


def _own_address() -> str:
    """The address that this machine would use to reach others, without sending anything."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def _resolved(address: str) -> tuple[str, str]:
    host, _, port = address.rpartition(":")
    try:
        return socket.gethostbyname(host.strip("[]")), port
    except OSError:
        return host, port
