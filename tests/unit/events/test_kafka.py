from __future__ import annotations

import asyncio
import logging
import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from amp.clock import SystemClock
from amp.config.event_recorder import KafkaOutput as Config
from amp.errors import AmpError
from amp.events.kafka import KafkaOutput
from amp.events.output import Event
from amp.fields.tls import TlsConfig
from fakes import settle
from kafka_broker import Broker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from scene import Scene

EVENTS = [
    Event("alertmanager_shutdown_event", 1, b'{"instance":"i"}'),
    Event("notification", 2, b'{"data":{"notification":{}}}'),
]


def made(scene: Scene, *brokers: str, **settings: Any) -> KafkaOutput:
    output = KafkaOutput(
        Config(brokers=brokers, topic="events", **settings),
        "here",
        clock=SystemClock(),
        log=scene.log,
        metrics=scene.metrics,
    )
    output.open()
    return output


async def until(condition: Callable[[], object]) -> None:
    """The test's time limit is the only one."""
    while not condition():
        await settle()


@pytest.mark.parametrize("compression", ["none", "gzip", "snappy", "lz4", "zstd"])
@pytest.mark.parametrize("acks", ["none", "leader", "all"])
async def test_events_are_records(scene: Scene, acks: str, compression: str) -> None:
    with Broker() as broker:
        output = made(scene, broker.address, acks=acks, compression=compression)
        assert output.send(EVENTS * 20) == [16, 28] * 20
        await output.close(20)
        records = await asyncio.to_thread(broker.wait, 40)
    assert [one.value for one in records] == [event.line for event in EVENTS * 20]
    assert {(one.key, one.topic, one.client_id) for one in records} == {
        (b"here", "events", "alertmanager")
    }
    assert {one.acks for one in records} == {{"none": 0, "leader": 1, "all": -1}[acks]}
    assert {one.compression for one in records} <= {compression, "none"}
    assert scene.stream.getvalue() == ""


async def test_protobuf_is_another_form_of_the_same(scene: Scene) -> None:
    with Broker() as broker:
        output = made(scene, broker.address, format="protobuf")
        assert output.send(EVENTS) == [3, 4]
        await output.close(20)
        assert [one.value for one in broker.wait(2)] == [b"\x12\x01i", b"\x1a\x02\x32\x00"]
        with pytest.raises(ValueError, match="no field"):
            output.send([Event("notification", 1, b'{"strange":1}')])
    assert scene.series("event_serialize_errors_total") == {'{event_type="notification"}': 1}


async def test_events_wait_for_a_broker_and_more_are_dropped(scene: Scene) -> None:
    with Broker() as broker:
        pass
    output = made(scene, broker.address, buffer_size=2)
    await until(lambda: scene.lines("could not reach brokers"))
    logging.getLogger("aiokafka").warning("Unable connect to %s", "it")
    logging.getLogger("aiokafka").warning("Unable connect to %s", "it")
    assert len(scene.lines("Unable connect to it")) == 1
    output.send(EVENTS * 3)
    assert scene.series("event_output_drops_total") == {
        f'{{output="kafka:{broker.address}/events"}}': 4
    }
    await output.close(0.1)
    assert scene.lines("remaining records will be dropped")


async def test_a_broker_that_refuses_is_counted(scene: Scene) -> None:
    with Broker() as broker:
        broker.refusal = 10  # the message is too large
        output = made(scene, broker.address)
        output.send(EVENTS[:1])
        await until(lambda: scene.series("event_kafka_produce_errors_total"))
        await output.close(1)
    key = f'{{error_type="broker",output="kafka:{broker.address}/events"}}'
    assert scene.series("event_kafka_produce_errors_total") == {key: 1}
    assert scene.lines('msg="Kafka event recorder produce failed"')


async def test_a_broker_that_does_not_answer_holds_the_end_up_for_its_time_only(
    scene: Scene,
) -> None:
    with Broker() as broker:
        broker.answering = False
        output = made(scene, broker.address)
        output.send(EVENTS)
        await output.close(0.2)
    assert scene.lines("flush did not complete within budget")


async def test_tls_connects_to_who_can_prove_itself(scene: Scene, tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    with Broker(context) as broker:
        output = made(scene, broker.address, tls_config=TlsConfig(ca_file=str(file)))
        output.send(EVENTS)
        await output.close(20)
        assert len(broker.wait(2)) == 2


async def test_tls_settings_that_cannot_be_used_are_told(scene: Scene) -> None:
    with pytest.raises(AmpError, match="no such file"):
        made(scene, "h:1", tls_config=TlsConfig(ca_file="/no/ca.pem"))
    with pytest.raises(AmpError, match="server_name is not supported"):
        made(scene, "h:1", tls_config=TlsConfig(server_name="x"))


async def test_the_name_has_the_brokers_in_order(scene: Scene) -> None:
    with Broker() as broker:
        output = made(scene, f"localhost:{broker.port}", broker.address)
        assert output.name == f"kafka:{broker.address},localhost:{broker.port}/events"
        await output.close(0)
