"""Puts the door before an application, as the web configuration file asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amp.errors import AmpError, ConfigError
from amp.fields.duration import format_go_duration

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from amp.clock import Clock
    from amp.log import Logger
    from amp.web.config import WebConfig
    from amp.web.door import Door
    from amp.web.secured import Secured


class Entrance:
    """What a server serves, and through what.

    Attributes:
        application: the ASGI application, behind the door if there is one.
        below: makes the TLS under a connection, None for plain HTTP.
    """

    def __init__(
        self,
        application: Any,
        below: Callable[[Callable[[], asyncio.Protocol], set[Secured]], asyncio.Protocol]
        | None = None,
        door: Door | None = None,
    ) -> None:
        self.application = application
        self.below = below
        self._door = door

    def close(self) -> None:
        """Ends what the door keeps going."""
        if self._door is not None:
            self._door.close()


def open_entrance(name: str, application: Any, clock: Clock, log: Logger) -> Entrance:
    """The entrance that a file describes; without a file's name the application itself.

    Raises:
        AmpError: with upstream's text, when the file or what it names cannot be used.
    """
    if not name:
        return Entrance(application)
    try:
        return _behind_a_door(name, application, clock, log)
    except ConfigError as error:
        if error.file is None and not error.cause.startswith(f"open {name}: "):
            error = ConfigError(error.cause, file=name, key="tls_server_config")
        raise AmpError(f"alertmanager: HTTP listener failed: {error}") from None


def _behind_a_door(name: str, application: Any, clock: Clock, log: Logger) -> Entrance:
    # Who has no such file does not pay for TLS, YAML and bcrypt at the start.
    from amp.web.config import WebFile, check_users
    from amp.web.door import Door
    from amp.web.secured import Secured
    from amp.web.tls import ServerContexts, check_start

    file = WebFile(name)
    config = file.read()
    check_users(config, name)
    door = Door(application, file, _bucket(config, clock, log), log)
    if not config.tls_server_config.enabled:
        return Entrance(door, door=door)
    check_start(config, file)
    contexts = ServerContexts(file)
    return Entrance(door, lambda above, waiting: Secured(above, contexts, waiting, log), door=door)


def _bucket(config: WebConfig, clock: Clock, log: Logger) -> Any:
    from amp.bucket import Bucket

    limit = config.rate_limit
    if not limit.interval:
        return None
    log.info(
        "Rate Limiter is enabled.", burst=limit.burst, interval=format_go_duration(limit.interval)
    )
    return Bucket(limit.interval, limit.burst, clock)
