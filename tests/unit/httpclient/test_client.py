"""Requests over plain connections."""

from __future__ import annotations

import asyncio

import pytest

from amp.fields.http import Authorization, HttpConfig
from amp.httpclient import RequestError
from listener import reply

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
JSON = {"Content-Type": "application/json"}


async def test_request_carries_what_upstream_sends(listeners, clients):
    server = await listeners.start()
    response = await clients.client().request(
        "POST", server.url("/a b?x=ü"), headers=JSON, body=b"{}"
    )
    assert response.status == 200
    [heard] = server.heard
    assert (heard.method, heard.path, heard.body) == ("POST", "/a%20b?x=Ã¼", b"{}")
    assert sorted(heard.headers) == [
        ("Content-Length", "2"),
        ("Content-Type", "application/json"),
        ("Host", f"127.0.0.1:{server.port}"),
        ("User-Agent", "Alertmanager/0.34.2"),
    ]


async def test_connection_is_used_again(listeners, clients):
    server = await listeners.start(reply("200 OK", b"body"))
    client = clients.client()
    for _ in range(3):
        assert (await client.request("POST", server.url(), body=b"x")).body == b"body"
    assert server.connections == 1


async def test_refused_connection_reads_as_upstreams(clients):
    with pytest.raises(RequestError) as caught:
        await clients.client().request("POST", "http://127.0.0.1:1/secret")
    assert str(caught.value) == (
        'Post "<redacted>": dial tcp 127.0.0.1:1: connect: connection refused'
    )


async def test_refused_connection_to_a_name_shows_its_address(clients):
    with pytest.raises(RequestError, match=r"dial tcp (127.0.0.1|\[::1\]):1: connect: connection"):
        await clients.client().request("POST", "http://localhost:1/")


@pytest.mark.parametrize(
    ("given", "status", "body"),
    [
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            200,
            b"abc",
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 x\r\nContent-Length: 1\r\n\r\nz", 201, b"z"),
        (b"HTTP/1.1 500 E\r\nConnection: close\r\n\r\nuntil the end", 500, b"until the end"),
        (b"HTTP/1.1 103 x\r\nLink: </a>\r\n\r\n" * 1000 + reply("200 OK", b"ok"), 200, b"ok"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 404 x\r\nContent-Length: 9\r\nConnection: close\r\n\r\nshort", 404, b""),
        (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, b"ok"),
    ],
)
async def test_answers(listeners, clients, given, status, body):
    server = await listeners.start(given)
    response = await clients.client().request("POST", server.url())
    assert (response.status, response.body) == (status, body)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (b"", "EOF"),
        (
            b"hello\r\n\r\n",
            'net/http: HTTP/1.x transport connection broken: malformed HTTP response "hello"',
        ),
        (
            b"HTTP/1.1 100 x\r\n\r\n" * 1001 + reply("200 OK"),
            "net/http: too many 1xx informational responses",
        ),
    ],
)
async def test_bad_answers(listeners, clients, given, text):
    server = await listeners.start(given)
    with pytest.raises(RequestError) as caught:
        await clients.client().request("POST", server.url())
    assert str(caught.value) == f'Post "<redacted>": {text}'


async def test_body_is_read_within_bounds(listeners, clients):
    server = await listeners.start(reply("200 OK", b"x" * (3 << 20)))
    client = clients.client()
    assert len((await client.request("POST", server.url())).body) == 1 << 20
    await client.request("POST", server.url())
    assert server.connections == 2


async def test_url_that_does_not_parse(clients):
    with pytest.raises(RequestError) as caught:
        await clients.client().request("POST", "http://x:y:z/%zz")
    assert str(caught.value) == 'parse "<redacted>": invalid port ":y:z" after host'


async def test_abandoned_request_frees_its_place(listeners, clients):
    hold, arrived = asyncio.Event(), asyncio.Event()

    async def late(_):
        arrived.set()
        await hold.wait()
        return reply("200 OK")

    server = await listeners.start(late)
    client = clients.client()
    task = asyncio.ensure_future(client.request("POST", server.url()))
    await arrived.wait()
    assert [(load.in_flight, load.waiting) for load in clients.load()] == [(1, 0)]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(clients.load()) == []
    hold.set()
    assert (await client.request("POST", server.url())).status == 200
    assert server.connections == 2


async def test_a_header_that_is_not_utf_8_is_refused(listeners, clients, tmp_path):
    """Rather than sent without the bytes that are not."""
    (tmp_path / "token").write_bytes(b"caf\xe9")
    server = await listeners.start()
    config = HttpConfig(authorization=Authorization("Bearer", None, str(tmp_path / "token")))
    with pytest.raises(RequestError) as caught:
        await clients.client(config).request("POST", server.url())
    assert str(caught.value) == (
        'Post "<redacted>": net/http: invalid header field value for "Authorization"'
    )
    assert server.heard == []
