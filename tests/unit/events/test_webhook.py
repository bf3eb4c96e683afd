from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from amp.config.event_recorder import WebhookOutput as Config
from amp.events.output import Event
from amp.events.webhook import QUEUE, WebhookOutput, shown
from amp.fields.http import BasicAuth, HttpConfig
from amp.fields.secret import Secret
from fakes import settle
from listener import OK

if TYPE_CHECKING:
    from typing import Any

    from amp.httpclient import HttpClients
    from listener import Heard, Listener, Listeners
    from scene import Scene

BAD = b"HTTP/1.1 500 Bad\r\nContent-Length: 0\r\n\r\n"


def event(number: int) -> Event:
    return Event("notification", number, json.dumps({"n": number}).encode())


def made(scene: Scene, clients: HttpClients, url: str, **settings: Any) -> WebhookOutput:
    output = WebhookOutput(
        Config(url=Secret(url), **settings),
        clients,
        clock=scene.clock,
        log=scene.log,
        metrics=scene.metrics,
    )
    output.open()
    return output


async def heard(listener: Listener, count: int) -> list[Heard]:
    """What came, once so many requests did; the test's time limit is the only one."""
    while len(listener.heard) < count:
        await settle()
    return listener.heard


async def test_each_event_is_a_request(
    scene: Scene, clients: HttpClients, listeners: Listeners
) -> None:
    listener = await listeners.start(lambda _: OK)
    auth = HttpConfig(basic_auth=BasicAuth(username="u", password=Secret("p")))
    output = made(scene, clients, listener.url("/e"), http_config=auth)
    assert output.send([event(1), event(2)]) == [8, 8]
    requests = await heard(listener, 2)
    assert sorted(request.body for request in requests) == [b'{"n": 1}', b'{"n": 2}']
    assert requests[0]["Content-Type"] == "application/json"
    assert requests[0]["User-Agent"] == "Go-http-client/1.1"
    assert requests[0]["Authorization"] == "Basic dTpw"
    await output.close(5)
    assert scene.stream.getvalue() == ""


async def test_a_failure_is_tried_again_after_pauses_that_double(
    scene: Scene, clients: HttpClients, listeners: Listeners
) -> None:
    listener = await listeners.start(lambda _: BAD)
    output = made(scene, clients, listener.url("/e?token=secret"), max_retries=3)
    output.send([event(1)])
    for count, seconds in ((1, 0.5), (2, 1.0)):
        await heard(listener, count)
        while len(scene.lines('POST failed"')) < count:
            await settle()
        await scene.clock.advance(seconds - 0.01)
        assert len(listener.heard) == count
        await scene.clock.advance(0.01)
    await heard(listener, 3)
    while not scene.lines("after retries"):
        await settle()
    text = scene.stream.getvalue()
    assert text.count('err="event recorder webhook returned HTTP 500"') == 3
    assert "attempt=3" in text
    assert "level=ERROR" in text
    assert "retries=3" in text
    assert "secret" not in text
    await output.close(5)


async def test_a_refused_connection_is_told_without_the_address(
    scene: Scene, clients: HttpClients
) -> None:
    output = made(scene, clients, "http://user:secret@127.0.0.1:1/e", max_retries=1)
    output.send([event(1)])
    while not scene.lines("after retries"):
        await settle()
    assert "connect: connection refused" in scene.stream.getvalue()
    assert "secret" not in scene.stream.getvalue()
    await output.close(5)


async def test_a_receiver_that_hangs_is_given_up_and_holds_up_one_worker(
    scene: Scene, clients: HttpClients, listeners: Listeners
) -> None:
    async def answer(request: Heard) -> bytes:
        if request.body == b'{"n": 1}':
            await scene.clock.sleep(1000)
        return OK

    listener = await listeners.start(answer)
    output = made(scene, clients, listener.url(), workers=2, max_retries=1)
    output.send([event(number) for number in range(1, 6)])
    await heard(listener, 5)
    await scene.clock.advance(10)
    while not scene.lines("context deadline exceeded"):
        await settle()
    await output.close(5)
    await scene.clock.advance(1000)


async def test_batches_are_lists_of_what_came_in_time(
    scene: Scene, clients: HttpClients, listeners: Listeners
) -> None:
    listener = await listeners.start(lambda _: OK)
    output = made(scene, clients, listener.url(), batch=True, batch_max_events=3)
    output.send([event(number) for number in range(4)])
    first = await heard(listener, 1)
    assert json.loads(first[0].body) == [{"n": 0}, {"n": 1}, {"n": 2}]
    output.send([event(4)])
    await scene.clock.advance(0.1)
    second = (await heard(listener, 2))[1]
    assert json.loads(second.body) == [{"n": 3}, {"n": 4}]
    await output.close(5)


async def test_a_batch_has_no_more_bytes_than_it_may(
    scene: Scene, clients: HttpClients, listeners: Listeners
) -> None:
    listener = await listeners.start(lambda _: OK)
    output = made(scene, clients, listener.url(), batch=True, batch_max_bytes=20, workers=1)
    output.send([event(number) for number in range(3)] + [Event("x", 0, b'"' + b"a" * 40 + b'"')])
    await scene.clock.advance(0.1)
    bodies = [json.loads(request.body) for request in await heard(listener, 3)]
    assert bodies == [[{"n": 0}, {"n": 1}], [{"n": 2}], ["a" * 40]]
    await output.close(5)


async def test_the_end_delivers_what_waits(
    scene: Scene, clients: HttpClients, listeners: Listeners
) -> None:
    listener = await listeners.start(lambda _: OK)
    outputs = [made(scene, clients, listener.url(), batch=batch) for batch in (False, True)]
    for output in outputs:
        output.send([event(number) for number in range(50)])
        await output.close(5)
    assert len(listener.heard) == 51


async def test_the_end_waits_no_longer_than_it_may(
    scene: Scene, clients: HttpClients, listeners: Listeners
) -> None:
    listener = await listeners.start(lambda _: BAD)
    output = made(scene, clients, listener.url(), workers=1)
    output.send([event(1), event(2)])
    await heard(listener, 1)
    while not scene.lines("POST failed"):
        await settle()
    closing = asyncio.create_task(output.close(1))
    await scene.clock.advance(1)
    await closing
    assert scene.lines("shutdown during retry backoff")


async def test_what_finds_no_room_is_counted(
    scene: Scene, clients: HttpClients, listeners: Listeners
) -> None:
    listener = await listeners.start(lambda _: OK)
    output = made(scene, clients, listener.url("/e"))
    output.send([event(1)] * (QUEUE + 7))
    drops = scene.series("event_output_drops_total")
    assert drops == {f'{{output="webhook:{listener.url("/e")}"}}': 7}
    assert scene.lines("output queue full")
    closing = asyncio.create_task(output.close(0))
    await scene.clock.advance(0)
    await closing


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://u:p@h:1/p?q=1#f", "http://h:1/p"),
        ("https://h", "https://h"),
        ("http://a@b@h/x", "http://h/x"),
    ],
)
def test_names_show_no_secret(url: str, name: str) -> None:
    assert shown(url) == name
