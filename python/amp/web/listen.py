"""Sockets to listen on: bound here, exclusively, or handed over by systemd.

Upstream: app/listen.go listenAll; go-systemd activation Files.
"""

from __future__ import annotations

import os
import re
import resource
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from amp.errors import AmpError, ConfigError
from amp.fields.hostport import split_host_port

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from amp.log import Logger
    from amp.options import Options

BACKLOG = 1024
LAST_PORT = 65_535
FIRST_INHERITED = 3
MOST_INHERITED = 256


class ListenFailed(AmpError):
    """An address cannot be listened on."""


def open_listeners(
    options: Options, environment: Mapping[str, str], log: Logger
) -> list[socket.socket]:
    """The sockets that the flags ask for.

    Raises:
        AmpError: with upstream's text.
    """
    try:
        if options.systemd_socket:
            log.info("Listening on systemd activated listeners instead of port listeners.")
            return inherited(environment, os.getpid())
        return listen(options.listen_addresses)
    except AmpError as error:
        raise AmpError(f"alertmanager/app: {error}") from error


def listen(addresses: Sequence[str]) -> list[socket.socket]:
    """Binds every address, or none.

    Raises:
        ListenFailed: with upstream's text.
    """
    listeners: list[socket.socket] = []
    try:
        for address in addresses:
            listeners.append(bind(address))  # noqa: PERF401  # the ones before a failure are closed
    except ListenFailed:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def bind(address: str) -> socket.socket:
    """Binds `host:port`, `:port` or `[v6]:port`; port 0 or none takes a free one.

    Raises:
        ListenFailed: with upstream's text, when the address is bad or taken.
    """
    if address.startswith("vsock://"):
        raise ListenFailed(f'listen "{address}": AMP does not listen on vsock; use a TCP address')
    try:
        host, port = split_host_port(address) if address else ("", "")
        infos = _look_up(host, _port(port))
    except ConfigError as error:
        raise ListenFailed(f'listen "{address}": listen tcp: {error.cause}') from None
    try:
        return _bind_one(infos, any_host=not host)
    except OSError as error:
        text = (error.strerror or str(error)).lower()
        raise ListenFailed(f'listen "{address}": listen tcp {address}: bind: {text}') from None


def _look_up(host: str, port: int) -> Sequence[tuple[Any, ...]]:
    try:
        return socket.getaddrinfo(
            host or "::", port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError):
        raise ConfigError(f"lookup {host}: no such host") from None


def _port(text: str) -> int:
    """A port's number or service name; none is 0, which takes a free one."""
    if not text:
        return 0
    if re.fullmatch(r"[+-]?[0-9]+", text):
        if not 0 <= int(text) <= LAST_PORT:
            raise ConfigError(f"address {text}: invalid port")
        return int(text)
    try:
        return socket.getservbyname(text, "tcp")
    except (OSError, UnicodeError):
        raise ConfigError(f"lookup tcp/{text}: unknown port") from None


def _bind_one(infos: Sequence[tuple[Any, ...]], *, any_host: bool) -> socket.socket:
    family, kind, protocol, _, where = infos[0]
    try:
        listener = socket.socket(family, kind, protocol)
    except OSError:
        if not any_host:
            raise
        # A kernel without IPv6: the wildcard is then IPv4's.
        listener, where = socket.socket(socket.AF_INET, kind), ("0.0.0.0", where[1])  # noqa: S104
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if any_host and listener.family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(where)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def inherited(environment: Mapping[str, str], process: int) -> list[socket.socket]:
    """The listening sockets that systemd passed to this process, TCP and Unix.

    Raises:
        ListenFailed: when there are none, or one cannot be listened on.
    """
    if environment.get("LISTEN_PID") != str(process):
        raise ListenFailed("no socket activation file descriptors found")
    try:
        count = int(environment.get("LISTEN_FDS", ""))
    except ValueError:
        count = 0
    if not 0 < count <= MOST_INHERITED:
        raise ListenFailed("no socket activation file descriptors found")
    return [_inherit(number) for number in range(FIRST_INHERITED, FIRST_INHERITED + count)]


def _inherit(number: int) -> socket.socket:
    try:
        os.set_inheritable(number, False)
        listener = socket.socket(fileno=number)
        listens = bool(listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError as error:
        text = (error.strerror or str(error)).lower()
        raise ListenFailed(f"systemd socket activation: file {number}: {text}") from None
    known = listener.family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)
    if not listens or not known or listener.type != socket.SOCK_STREAM:
        raise ListenFailed(
            f"systemd socket activation: file {number} is no listening TCP or Unix stream socket"
        )
    listener.setblocking(False)
    return listener


def allow_files() -> None:
    """Takes as many descriptors as the system lets us have, as Go's runtime does at its start."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        # Some systems have a limit below what they call none.
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def address_of(listener: socket.socket) -> str:
    """`host:port` of a bound socket, or its path, as Go prints it."""
    name = listener.getsockname()
    if isinstance(name, bytes):
        return "@" + name[1:].decode(errors="replace")
    if isinstance(name, str):
        return name
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
