"""What is counted of connections (net_conntrack_dialer_conn_*)."""

from __future__ import annotations

import asyncio

import pytest

from amp.httpclient import RequestError
from listener import reply


async def test_connections_are_counted_until_they_close(listeners, clients):
    server = await listeners.start(reply("200 OK", b""))
    client = clients.client(dialer="webhook")
    for _ in range(2):
        await client.request("POST", server.url())
    dialer = clients.dialers["webhook"]
    assert (dialer.attempted, dialer.established, dialer.closed) == (1, 1, 0)
    await client.close()
    await asyncio.sleep(0)
    assert dialer.closed == 1


@pytest.mark.parametrize(
    ("url", "counted"),
    [
        ("http://127.0.0.1:1/", {"refused": 1, "unknown": 1}),
        ("http://nowhere.invalid/", {"resolution": 1}),
    ],
)
async def test_failures_have_a_reason(clients, url, counted):
    with pytest.raises(RequestError):
        await clients.client(dialer="slack").request("POST", url)
    dialer = clients.dialers["slack"]
    nothing = {"refused": 0, "resolution": 0, "timeout": 0, "unknown": 0}
    assert dialer.failed == nothing | counted
    assert (dialer.attempted, dialer.established) == (1, 0)


async def test_tls_that_fails_was_a_connection(listeners, clients):
    server = await listeners.start(reply("200 OK", b""))
    with pytest.raises(RequestError):
        await clients.client(dialer="jira").request("POST", f"https://127.0.0.1:{server.port}/")
    dialer = clients.dialers["jira"]
    assert (dialer.attempted, dialer.established, dialer.closed) == (1, 1, 1)


async def test_clients_of_one_kind_share_their_counts(listeners, clients):
    server = await listeners.start(reply("200 OK", b""))
    for _ in range(2):
        await clients.client(dialer="webhook").request("POST", server.url())
    await clients.client().request("POST", server.url())
    assert {name: one.attempted for name, one in clients.dialers.items()} == {"webhook": 2}
