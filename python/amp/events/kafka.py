"""Events into a Kafka topic. Upstream: eventrecorder/kafka.go.

The library `aiokafka` is imported with this module, which is imported when an output is configured.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    BrokerResponseError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    NodeNotReadyError,
    RequestTimedOutError,
)

from amp.errors import AmpError
from amp.events.protobuf import encode
from amp.events.waiting import Waiting
from amp.httpclient.tls import Tls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amp.clock import Clock
    from amp.config.event_recorder import KafkaOutput as Config
    from amp.events.output import Event
    from amp.log import Logger
    from amp.metrics.events import EventMetrics

CLIENT_ID = "alertmanager"
BUFFER = 1024
ACKS: dict[str, int | str] = {"": 1, "leader": 1, "none": 0, "all": "all"}
COMPRESSIONS = {"": "snappy", "none": None}
"""Upstream's documentation calls no compression the default; its library compresses."""
LINGER_MS = 5
PAUSE_SECONDS = 1.0
STOP_SECONDS = 0.5


class KafkaOutput:
    """Produces events; while no broker can be reached they wait, as many as the buffer holds."""

    def __init__(
        self, config: Config, instance: str, *, clock: Clock, log: Logger, metrics: EventMetrics
    ) -> None:
        self.name = f"kafka:{','.join(sorted(config.brokers))}/{config.topic}"
        self._config = config
        self._key = instance.encode()
        self._clock = clock
        self._log = log
        self._drops = metrics.output_drops.labels(self.name)
        self._errors = metrics.kafka_errors
        self._serialize_errors = metrics.serialize_errors
        self._producer: AIOKafkaProducer | None = None

    def open(self) -> None:
        """Begins to look for the brokers; nobody waits until one is there.

        Raises:
            AmpError: when the TLS settings cannot be used.
        """
        self._tls = self._checked_tls()
        self._words = Words(self._log)
        logging.getLogger("aiokafka").addHandler(self._words)
        limit = self._config.buffer_size if self._config.buffer_size > 0 else BUFFER
        self._waiting: Waiting[bytes] = Waiting(limit)
        self._task = asyncio.create_task(self._produce())

    def _checked_tls(self) -> Tls | None:
        config = self._config.tls_config
        if config is None:
            return None
        if config.server_name:
            raise AmpError("kafka: building TLS config: server_name is not supported")
        tls = Tls(config)
        tls.check()
        return tls

    def send(self, events: Sequence[Event]) -> list[int]:
        """Queues the events that there is room for."""
        values = [self._value(event) for event in events]
        dropped = self._waiting.add(values)
        if dropped:
            self._drops.inc(dropped)
            self._log.warn(
                "Kafka event recorder buffer full, dropping event",
                output=self.name,
                dropped=dropped,
            )
        return [len(value) for value in values]

    def _value(self, event: Event) -> bytes:
        if self._config.format != "protobuf":
            return event.line
        try:
            return encode(event.line)
        except ValueError:
            self._serialize_errors.labels(event.kind).inc()
            raise

    async def close(self, seconds: float) -> None:
        """Produces what waits, for so long at most."""
        self._waiting.close()
        try:
            async with self._clock.timeout(seconds):
                await self._task
                if self._producer is not None:
                    await self._producer.flush()
        except TimeoutError:
            self._log.warn(
                "Kafka event recorder flush did not complete within budget;"
                " remaining records will be dropped",
                output=self.name,
                err="context deadline exceeded",
            )
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._producer is not None:
            await _stopped(self._producer)
        logging.getLogger("aiokafka").removeHandler(self._words)

    async def _produce(self) -> None:
        producer = await self._started()
        while (value := await self._waiting.next()) is not None:
            try:
                sent = await producer.send(self._config.topic, value, key=self._key)
            except KafkaError as error:
                self._failed(error)
            else:
                sent.add_done_callback(self._told)

    async def _started(self) -> AIOKafkaProducer:
        """A producer that knows the brokers, however long that takes."""
        told = False
        while True:
            producer = await self._made()
            try:
                await producer.start()
            except asyncio.CancelledError:
                await _stopped(producer)
                raise
            except (KafkaError, OSError) as error:
                await _stopped(producer)
                if not told:
                    self._log.warn(
                        "Kafka client could not reach brokers at startup; will retry in background",
                        err=error,
                    )
                told = True
                await self._clock.sleep(PAUSE_SECONDS)
            else:
                self._producer = producer
                return producer

    async def _made(self) -> AIOKafkaProducer:
        config = self._config
        context = None if self._tls is None else await self._tls.context()
        return AIOKafkaProducer(
            bootstrap_servers=list(config.brokers),
            client_id=config.client_id or CLIENT_ID,
            acks=ACKS[config.acks],
            enable_idempotence=config.acks == "all",
            compression_type=COMPRESSIONS.get(config.compression, config.compression),
            linger_ms=LINGER_MS,
            security_protocol="PLAINTEXT" if context is None else "SSL",
            ssl_context=context,
        )

    def _told(self, sent: asyncio.Future[object]) -> None:
        error = None if sent.cancelled() else sent.exception()
        if error is not None:
            self._failed(error)

    def _failed(self, error: BaseException) -> None:
        self._errors.labels(self.name, error_type(error)).inc()
        self._log.warn(
            "Kafka event recorder produce failed",
            output=self.name,
            err=str(error) or type(error).__name__,
        )


async def _stopped(producer: AIOKafkaProducer) -> None:
    """Closes a producer. What is not delivered by now is lost: `stop` would wait for brokers."""
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await producer.stop()
    except TimeoutError:
        await producer.client.close()


class Words(logging.Handler):
    """Brings the library's warnings into our log, each once until there is another."""

    def __init__(self, log: Logger) -> None:
        super().__init__(logging.WARNING)
        self._to = log
        self._last = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes a line, unless it is the last one again: the library tries without end."""
        text = record.getMessage()
        if text != self._last:
            self._last = text
            self._to.warn(text)


def error_type(error: BaseException) -> str:
    """The metric's word for what went wrong. Upstream: kafka/errors.go ClassifyError."""
    if isinstance(error, KafkaTimeoutError | RequestTimedOutError | TimeoutError):
        return "timeout"
    if isinstance(error, KafkaConnectionError | NodeNotReadyError | OSError):
        return "network"
    return "broker" if isinstance(error, BrokerResponseError) else "unknown"
