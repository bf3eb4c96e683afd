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


class Socks:
    """A SOCKS 5 proxy that asks for a name and a password, and connects to the loopback address."""

    def __init__(self, answer: int = 0) -> None:
        self.answer = answer
        self.asked: list[tuple[bytes, bytes]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        writer.write(bytes([5, 2 if 2 in methods else 0]))
        identity = b""
        if 2 in methods:
            _, size = await reader.readexactly(2)
            name = await reader.readexactly(size)
            [size] = await reader.readexactly(1)
            identity = name + b":" + await reader.readexactly(size)
            writer.write(b"\x01\x00")
        _, _, _, kind = await reader.readexactly(4)
        size = 4 if kind == 1 else (await reader.readexactly(1))[0]
        host = await reader.readexactly(size)
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.asked.append((identity, host))
        writer.write(bytes([5, self.answer, 0, 1, 127, 0, 0, 1, 0, 80]))
        if self.answer:
            writer.close()
            return
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pipe(reader, there_writer), pipe(there_reader, writer))


@pytest.mark.parametrize("secure", [False, True])
async def test_socks(listeners, clients, authority, secure):
    own = context_for(authority, "receiver.example") if secure else None
    server = await listeners.start(tls=own)
    proxy = Socks()
    listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    client = clients.client(
        HttpConfig(
            proxy_url=f"socks5://us:pw@127.0.0.1:{port}",
            tls_config=TlsConfig(ca=authority.cert_pem.bytes().decode()),
        )
    )
    for _ in range(2):
        response = await client.request("POST", server.url("/hook", "receiver.example"))
        assert response.status == 200
    assert proxy.asked == [(b"us:pw", b"receiver.example")]
    assert [(h.path, h["Proxy-Authorization"]) for h in server.heard] == [("/hook", None)] * 2
    await client.close()
    listening.close()
    await listening.wait_closed()


async def test_socks_says_no(clients):
    listening = await asyncio.start_server(Socks(5).serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    client = clients.client(HttpConfig(proxy_url=f"socks5://127.0.0.1:{port}"))
    with pytest.raises(RequestError) as caught:
        await client.request("POST", "http://10.0.0.1/")
    assert str(caught.value) == (
        f'Post "<redacted>": socks connect tcp 127.0.0.1:{port}->10.0.0.1:80:'
        " unknown error connection refused"
    )
    listening.close()
    await listening.wait_closed()


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
