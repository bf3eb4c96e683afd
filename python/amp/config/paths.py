"""Resolves paths relative to the file (Upstream: config/config.go resolveFilepaths)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from amp.fields.paths import under
from amp.receivers import INTEGRATIONS

if TYPE_CHECKING:
    from amp.config.event_recorder import EventRecorder
    from amp.config.receiver import Receiver
    from amp.config.root import Root
    from amp.fields.global_config import GlobalConfig

_AS_WRITTEN = frozenset({"email", "incidentio"})
"""Types whose files stay relative to the working directory."""


def resolve_paths(root: Root, folder: str) -> Root:
    """The root with absolute paths, or paths below the folder."""
    return dataclasses.replace(
        root,
        global_config=_global(root.global_config, folder),
        receivers=tuple(_receiver(receiver, folder) for receiver in root.receivers),
        templates=tuple(under(folder, pattern) for pattern in root.templates),
        event_recorder=_event_recorder(root.event_recorder, folder),
    )


def _global(defaults: GlobalConfig | None, folder: str) -> GlobalConfig | None:
    if defaults is None or defaults.http_config is None:
        return defaults
    return dataclasses.replace(defaults, http_config=defaults.http_config.under(folder))


def _receiver(receiver: Receiver, folder: str) -> Receiver:
    changed: dict[str, Any] = {}
    for name in INTEGRATIONS:
        configs = receiver.configs(name)
        if configs and name not in _AS_WRITTEN:
            changed[f"{name}_configs"] = tuple(_integration(config, folder) for config in configs)
    return dataclasses.replace(receiver, **changed) if changed else receiver


def _integration(config: Any, folder: str) -> Any:
    if config is None or config.http_config is None:
        return config
    return dataclasses.replace(config, http_config=config.http_config.under(folder))


def _event_recorder(recorder: EventRecorder | None, folder: str) -> EventRecorder | None:
    if recorder is None:
        return None
    return dataclasses.replace(
        recorder,
        file_outputs=tuple(
            dataclasses.replace(output, path=under(folder, output.path))
            for output in recorder.file_outputs
        ),
        webhook_outputs=tuple(_integration(output, folder) for output in recorder.webhook_outputs),
        kafka_outputs=tuple(
            output
            if output.tls_config is None
            else dataclasses.replace(output, tls_config=output.tls_config.under(folder))
            for output in recorder.kafka_outputs
        ),
    )
