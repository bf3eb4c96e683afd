"""The outputs of an `event_recorder` block."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from amp.errors import ConfigError
from amp.events.file import FileOutput
from amp.events.stdout import StdoutOutput
from amp.events.webhook import WebhookOutput, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amp.clock import Clock
    from amp.config.event_recorder import EventRecorder as Config
    from amp.config.event_recorder import KafkaOutput as KafkaConfig
    from amp.config.event_recorder import WebhookOutput as WebhookConfig
    from amp.events.output import Output
    from amp.events.recorder import Planned
    from amp.httpclient import HttpClients
    from amp.log import Logger
    from amp.metrics.events import EventMetrics


def check_libraries(config: Config | None) -> None:
    """Refuses outputs whose library is not installed.

    Raises:
        ConfigError: with the command that installs it.
    """
    if config is not None and config.kafka_outputs and find_spec("aiokafka") is None:
        raise ConfigError(
            "event_recorder kafka outputs need the package aiokafka:"
            " pip install 'alertmanager-plus-plus[kafka]'",
            key="event_recorder.kafka_outputs[0]",
        )


class Outputs:
    """Makes outputs with what all of them share."""

    def __init__(
        self,
        instance: str,
        clients: HttpClients,
        *,
        clock: Clock,
        log: Logger,
        metrics: EventMetrics,
    ) -> None:
        self._instance = instance
        self._clients = clients
        self._clock = clock
        self._log = log.bind(component="eventrecorder")
        self._metrics = metrics

    def plan(self, config: Config) -> Iterator[Planned]:
        """How to make each output. Upstream: eventrecorder/recorder.go buildOutputs."""
        for file in config.file_outputs:
            yield (
                partial(FileOutput, file.path),
                "Failed to create file event recorder output",
                {"path": file.path},
            )
        for webhook in config.webhook_outputs:
            url = shown(webhook.url.reveal()) if webhook.url is not None else "<missing>"
            yield (
                partial(self._webhook, webhook),
                "Failed to create webhook event recorder output",
                {"url": url},
            )
        for kafka in config.kafka_outputs:
            yield (
                partial(self._kafka, kafka),
                "Failed to create kafka event recorder output",
                {"brokers": list(kafka.brokers), "topic": kafka.topic},
            )
        for _ in config.stdout_outputs:
            yield StdoutOutput, "", {}

    def _webhook(self, config: WebhookConfig) -> Output:
        return WebhookOutput(
            config, self._clients, clock=self._clock, log=self._log, metrics=self._metrics
        )

    def _kafka(self, config: KafkaConfig) -> Output:
        from amp.events.kafka import KafkaOutput

        return KafkaOutput(
            config, self._instance, clock=self._clock, log=self._log, metrics=self._metrics
        )
