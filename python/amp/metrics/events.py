"""The event recorder's instruments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry


class EventMetrics:
    """The event recorder's instruments; they exist only with its feature."""

    def __init__(self, registry: CollectorRegistry, waiting: Callable[[], float]) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"alertmanager_{name}", text, labels, registry=registry)

        Gauge(
            "alertmanager_event_recorder_queue_length",
            "Events that wait to be told.",
            registry=registry,
        ).set_function(waiting)
        self.recorded = counter(
            "events_recorded", "Events told to an output.", "event_type", "output", "result"
        )
        self.written_bytes = counter(
            "event_recorder_bytes_written", "Bytes of events.", "event_type", "output"
        )
        self.dropped = counter(
            "events_dropped", "Events that the recorder's queue had no room for.", "event_type"
        )
        self.serialize_errors = counter(
            "event_serialize_errors", "Events that could not be encoded.", "event_type"
        )
        self.output_drops = counter(
            "event_output_drops", "Events that an output's queue had no room for.", "output"
        )
        self.kafka_errors = counter(
            "event_kafka_produce_errors", "Events that Kafka did not take.", "output", "error_type"
        )
