"""The failures that show when the server builds what a file describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amp.config.client_check import check_client, check_tls, read_file
from amp.config.route import used_receivers
from amp.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from amp.config.own import OwnReceiver
    from amp.config.schema import Config


def check_buildable(config: Config) -> None:
    """Refuses what the file's own checks let through but nothing can be built of.

    It reads the files that upstream reads when it builds; integrations of receivers that no
    route names are not looked at.

    Raises:
        ConfigError: with the text that upstream's server gives at a start or reload.
    """
    used = used_receivers(config.route)
    for index, receiver in enumerate(config.receivers):
        if receiver.name in used:
            _check_receiver(receiver.integrations, f"receivers[{index}]")
    for index, added in enumerate(config.own.receivers):
        if added.name in used:
            _check_own(config, added, f"receivers[{index}]")
    _check_tracing(config)


def _check_own(config: Config, added: OwnReceiver, place: str) -> None:
    try:
        _check_receiver(added.integrations, place)
    except ConfigError as error:
        raise ConfigError(error.cause, file=config.own.file or None, key=error.key) from None


def _check_receiver(integrations: Iterable[tuple[str, int, Any]], place: str) -> None:
    """All integrations; upstream tells all their failures at once."""
    failures: list[str] = []
    keys: list[str] = []
    for name, index, config in integrations:
        try:
            _CHECKS.get(name, _check_http)(config)
        except ConfigError as error:
            failures.append(error.cause)
            keys.append(f"{place}.{name}_configs[{index}]")
    if failures:
        raise ConfigError("\n".join(failures), key=keys[0])


def _check_http(config: Any) -> None:
    if config.http_config is not None:
        check_client(config.http_config)


def _check_email(config: Any) -> None:
    """Mail reads its files when it is sent."""


def _check_incidentio(config: Any) -> None:
    if config.alert_source_token_file:
        try:
            read_file(config.alert_source_token_file)
        except ConfigError as error:
            raise ConfigError(f"failed to read alert_source_token_file: {error.cause}") from None
    _check_http(config)


def _check_rocketchat(config: Any) -> None:
    _check_http(config)
    for path in (config.token_file, config.token_id_file):
        if path:
            try:
                read_file(path)
            except ConfigError as error:
                raise ConfigError(f"could not read {path}: {error.cause}") from None


_CHECKS: dict[str, Callable[[Any], None]] = {
    "email": _check_email,
    "incidentio": _check_incidentio,
    "rocketchat": _check_rocketchat,
}


def _check_tracing(config: Config) -> None:
    tracing = config.root.tracing
    if tracing is None:
        return
    try:
        if tracing.tls_config is not None and not tracing.insecure:
            check_tls(tracing.tls_config)
        if tracing.endpoint and not tracing.client_type:
            raise ConfigError("unknown tracing client type: ")
        if any(header.files for header in tracing.headers.values()):
            raise ConfigError("header files are not supported for tracing configuration")
    except ConfigError as error:
        raise ConfigError(
            f"failed to apply tracing config: failed to build a new tracer provider: {error.cause}",
            key="tracing",
        ) from None
