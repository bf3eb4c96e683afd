"""Proxies: which destinations take one, and tunnels through a real one."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode

import pytest
import trustme

from amp.fields.http import HttpConfig
from amp.fields.secret import Secret
from amp.fields.tls import TlsConfig
from amp.httpclient import HttpClients, RequestError
from amp.httpclient.proxy import parse_no_proxy


class Tunnels:
    """A proxy that understands CONNECT."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self._pipes: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        host, _, port = head.split(" ", 2)[1].rpartition(":")
        there_reader, there_writer = await asyncio.open_connection(
            "127.0.0.1" if host == "receiver.example" else host, int(port)
        )
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pipe(reader, there_writer), pipe(there_reader, writer))


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def context_for(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.mark.parametrize("proxy_scheme", ["http", "https"])
async def test_tunnel(listeners, clients, authority, proxy_scheme):
    server = await listeners.start(tls=context_for(authority, "receiver.example"))
    tunnels = Tunnels()
    own = context_for(authority, "127.0.0.1") if proxy_scheme == "https" else None
    listening = await asyncio.start_server(tunnels.serve, "127.0.0.1", 0, ssl=own)
    port = listening.sockets[0].getsockname()[1]
    client = clients.client(
        HttpConfig(
            proxy_url=f"{proxy_scheme}://us:p%40w@127.0.0.1:{port}",
            proxy_connect_header={"X-Tenant": (Secret("a"), Secret("b"))},
            tls_config=TlsConfig(ca=authority.cert_pem.bytes().decode()),
        )
    )
    url = f"https://receiver.example:{server.port}/hook"
    for _ in range(2):
        assert (await client.request("POST", url, body=b"x")).status == 200
    [head] = tunnels.heads
    assert head.startswith(f"CONNECT receiver.example:{server.port} HTTP/1.1\r\n")
    assert "X-Tenant: a\r\nX-Tenant: b\r\n" in head
    assert f"Proxy-Authorization: Basic {b64encode(b'us:p@w').decode()}\r\n" in head
    assert [(heard.path, heard["Proxy-Authorization"]) for heard in server.heard] == [
        ("/hook", None),
        ("/hook", None),
    ]
    await client.close()
    listening.close()
    await listening.wait_closed()


async def test_socks_is_refused_in_words(clients):
    client = clients.client(HttpConfig(proxy_url="socks5://127.0.0.1:1"))
    with pytest.raises(RequestError) as caught:
        await client.request("POST", "http://receiver.example/")
    assert str(caught.value) == (
        'Post "<redacted>": proxyconnect tcp: proxy scheme socks5 is not supported'
    )


async def test_environment(listeners):
    proxy = await listeners.start()
    environment = {
        "HTTP_PROXY": f"127.0.0.1:{proxy.port}",
        "no_proxy": "direct.invalid",
    }
    clients = HttpClients(environment=environment)
    client = clients.client(HttpConfig(proxy_from_environment=True))
    assert (await client.request("POST", "http://away.invalid/x")).status == 200
    assert [heard.path for heard in proxy.heard] == ["http://away.invalid/x"]
    with pytest.raises(RequestError, match="no such host"):
        await client.request("POST", "http://direct.invalid/")
    await clients.close()


@pytest.mark.parametrize(
    ("text", "host", "port", "covered"),
    [
        ("", "example.com", 80, False),
        ("", "localhost", 80, True),
        ("", "127.0.0.5", 80, True),
        ("", "::1", 80, True),
        ("*", "example.com", 80, True),
        ("example.com", "example.com", 80, True),
        ("example.com", "a.example.com", 80, True),
        ("example.com", "badexample.com", 80, False),
        (" EXAMPLE.com ,x", "Example.COM", 80, True),
        (".example.com", "example.com", 80, False),
        (".example.com", "a.example.com", 80, True),
        ("*.example.com", "example.com", 80, False),
        ("*.example.com", "a.example.com", 80, True),
        ("example.com:8080", "example.com", 80, False),
        ("example.com:8080", "example.com", 8080, True),
        ("10.0.0.1", "10.0.0.1", 80, True),
        ("10.0.0.1:81", "10.0.0.1", 80, False),
        ("10.0.0.1:81", "10.0.0.1", 81, True),
        ("10.0.0.0/8", "10.200.3.4", 80, True),
        ("10.0.0.0/8", "11.0.0.1", 80, False),
        ("10.0.0.0/8", "ten.example", 80, False),
        ("[fe80::1]:80,fe80::2", "fe80::1", 80, True),
        ("[fe80::1]:80,fe80::2", "fe80::2", 81, True),
        ("fe80::/16", "fe80::3", 80, True),
    ],
)
def test_no_proxy(text, host, port, covered):
    assert parse_no_proxy(text).covers(host, port) is covered
