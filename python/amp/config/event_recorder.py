"""The `event_recorder` block (Upstream: eventrecorder/config.go)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.fields.codec import Flag, Int, ListOf, SecretUrl, Text
from amp.fields.duration import Duration, PrometheusDuration
from amp.fields.http import HttpConfig
from amp.fields.quote import quote
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.fields.tls import TlsConfig

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.secret import Secret

_BATCH_KEYS = ("batch_max_events", "batch_max_bytes", "batch_flush_interval")


@dataclass(frozen=True, slots=True)
class FileOutput(Struct):
    """Events as lines of JSON in a file."""

    GO = "eventrecorder.plain"
    NEEDS = ("path",)

    path: str = entry(Text(), keep=True)

    def checked(self) -> Self:
        """The path is needed."""
        if not self.path:
            raise refused("event_recorder file output requires a path", "path")
        return self


@dataclass(frozen=True, slots=True)
class WebhookOutput(Struct):
    """Events by HTTP, one by one or in batches; zero and None mean upstream's default."""

    GO = "eventrecorder.plain"
    NEEDS = ("url",)

    url: Secret | None = entry(SecretUrl(), keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    timeout: Duration = entry(PrometheusDuration())
    workers: int = entry(Int())
    max_retries: int = entry(Int())
    retry_backoff: Duration = entry(PrometheusDuration())
    batch: bool = entry(Flag())
    batch_max_events: int = entry(Int())
    batch_max_bytes: int = entry(Int())
    batch_flush_interval: Duration = entry(PrometheusDuration())

    def checked(self) -> Self:
        """A real URL, and batch settings only with batches."""
        if self.url is None:
            raise refused("event_recorder webhook output requires a url", "url")
        if not self.url:
            raise refused("event_recorder webhook output requires an absolute http(s) url", "url")
        for name in _BATCH_KEYS:
            if getattr(self, name) < 0:
                raise refused("event_recorder webhook batch settings cannot be negative", name)
        for name in _BATCH_KEYS:
            if getattr(self, name) and not self.batch:
                raise refused("event_recorder webhook batch settings require batch: true", name)
        return self


@dataclass(frozen=True, slots=True)
class KafkaOutput(Struct):
    """Events into a Kafka topic; empty values mean upstream's default."""

    GO = "eventrecorder.plain"
    NEEDS = ("brokers", "topic")

    brokers: tuple[str, ...] = entry(ListOf(Text(), "[]string"), keep=True)
    topic: str = entry(Text(), keep=True)
    client_id: str = entry(Text())
    format: str = entry(Text("kafka.Format"))
    acks: str = entry(Text("kafka.Acks"))
    compression: str = entry(Text("kafka.Compression"))
    buffer_size: int = entry(Int())
    tls_config: TlsConfig | None = entry(StructOf(TlsConfig))

    def checked(self) -> Self:
        """Brokers, a topic and known words."""
        if not self.brokers:
            raise refused("event_recorder kafka: at least one broker is required", "brokers")
        if "" in self.brokers:
            raise refused("event_recorder kafka: broker entries must be non-empty", "brokers")
        if not self.topic:
            raise refused("event_recorder kafka output requires a topic", "topic")
        self._check_words()
        return dataclasses.replace(self, format=self.format or "json")

    def _check_words(self) -> None:
        if self.acks not in ("", "none", "leader", "all"):
            raise refused(
                f"event_recorder kafka: unknown acks {quote(self.acks)},"
                ' must be "none", "leader", or "all"',
                "acks",
            )
        if self.format not in ("", "json", "protobuf"):
            raise refused(
                f"event_recorder kafka: unknown format {quote(self.format)},"
                ' must be "json" or "protobuf"',
                "format",
            )
        if self.compression not in ("", "none", "gzip", "snappy", "lz4", "zstd"):
            raise refused(
                f"event_recorder kafka: unknown compression {quote(self.compression)}",
                "compression",
            )


@dataclass(frozen=True, slots=True)
class StdoutOutput(Struct):
    """Events on standard output."""

    GO = "eventrecorder.StdoutOutputConfig"


def _outputs(cls: type[Struct], name: str) -> ListOf:
    return ListOf(StructOf(cls, pointer=False), f"[]eventrecorder.{name}OutputConfig")


@dataclass(frozen=True, slots=True)
class EventRecorder(Struct):
    """Where events go; all outputs get every event."""

    GO = "eventrecorder.Config"

    file_outputs: tuple[FileOutput, ...] = entry(_outputs(FileOutput, "File"))
    webhook_outputs: tuple[WebhookOutput, ...] = entry(_outputs(WebhookOutput, "Webhook"))
    kafka_outputs: tuple[KafkaOutput, ...] = entry(_outputs(KafkaOutput, "Kafka"))
    stdout_outputs: tuple[StdoutOutput, ...] = entry(_outputs(StdoutOutput, "Stdout"))
