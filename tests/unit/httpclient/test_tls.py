"""TLS with real servers and certificates made for the test."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import trustme

from amp.errors import ConfigError
from amp.fields.http import HttpConfig
from amp.fields.secret import Secret
from amp.fields.tls import TlsConfig
from amp.httpclient import RequestError
from amp.httpclient.dialer import Dialer
from amp.httpclient.target import parse_target
from amp.httpclient.tls import Tls
from amp.httpclient.transport import Transport
from amp.httpclient.via import Via

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

UNKNOWN = "tls: failed to verify certificate: x509: certificate signed by unknown authority"


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def server_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def pem(authority: trustme.CA) -> str:
    return authority.cert_pem.bytes().decode()


def secured(**tls: object) -> HttpConfig:
    return HttpConfig(tls_config=TlsConfig(**tls))  # type: ignore[arg-type]


async def refusal(client, url: str) -> str:
    with pytest.raises(RequestError) as caught:
        await client.request("POST", url)
    return str(caught.value).removeprefix('Post "<redacted>": ')


async def test_own_authority(listeners, clients, authority):
    server = await listeners.start(tls=server_context(authority, "127.0.0.1"))
    client = clients.client(secured(ca=pem(authority)))
    assert (await client.request("POST", server.url())).status == 200
    assert (await client.request("POST", server.url())).status == 200
    assert server.connections == 1


async def test_an_own_authority_replaces_the_systems(listeners, clients, authority):
    server = await listeners.start(tls=server_context(authority, "127.0.0.1"))
    other = clients.client(secured(ca=pem(trustme.CA())))
    assert await refusal(other, server.url()) == UNKNOWN
    assert await refusal(clients.client(), server.url()) == UNKNOWN


async def test_wrong_host_and_server_name(listeners, clients, authority):
    asked = []

    context = server_context(authority, "alerts.example")
    context.sni_callback = lambda _, name, __: asked.append(name)
    server = await listeners.start(tls=context)
    plain = clients.client(secured(ca=pem(authority)))
    assert "x509: " in await refusal(plain, server.url())
    named = clients.client(secured(ca=pem(authority), server_name="alerts.example"))
    assert (await named.request("POST", server.url())).status == 200
    assert asked[-1] == "alerts.example"


async def test_verification_can_be_skipped(listeners, clients, authority):
    server = await listeners.start(tls=server_context(authority, "elsewhere.example"))
    client = clients.client(secured(insecure_skip_verify=True))
    assert (await client.request("POST", server.url())).status == 200


@pytest.mark.parametrize("is_authority", ["TRUE", "FALSE"])
async def test_certificate_that_signed_itself(listeners, clients, tmp_path, is_authority):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
        "-days", "2", "-subj", "/CN=anything", "-addext", "subjectAltName=IP:127.0.0.1",
        "-addext", f"basicConstraints=critical,CA:{is_authority}",
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await listeners.start(tls=context)
    client = clients.client(secured(ca_file=str(certificate)))
    assert (await client.request("POST", server.url())).status == 200


async def test_client_certificate_inline_and_from_files(listeners, clients, authority, tmp_path):
    context = server_context(authority, "127.0.0.1")
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    server = await listeners.start(tls=context)
    mine = authority.issue_cert("me.example")
    certificate = b"".join(blob.bytes() for blob in mine.cert_chain_pems)
    key = mine.private_key_pem.bytes()
    (tmp_path / "cert").write_bytes(certificate)
    (tmp_path / "key").write_bytes(key)
    inline = secured(ca=pem(authority), cert=certificate.decode(), key=Secret(key.decode()))
    files = secured(
        ca=pem(authority), cert_file=str(tmp_path / "cert"), key_file=str(tmp_path / "key")
    )
    for config in (inline, files):
        assert (await clients.client(config).request("POST", server.url())).status == 200


async def test_changed_files_are_picked_up(listeners, clients, authority, tmp_path):
    file = tmp_path / "ca.pem"
    file.write_text(pem(trustme.CA()))
    server = await listeners.start(tls=server_context(authority, "127.0.0.1"))
    client = clients.client(secured(ca_file=str(file)))
    assert await refusal(client, server.url()) == UNKNOWN
    file.write_text(pem(authority))
    assert (await client.request("POST", server.url())).status == 200
    file.write_text(pem(trustme.CA()))
    assert await refusal(client, server.url()) == UNKNOWN
    file.unlink()
    assert await refusal(client, server.url()) == (
        f"unable to read CA cert: unable to read file {file}: open {file}:"
        " no such file or directory"
    )


@asynccontextmanager
async def openssl_server(authority: trustme.CA, folder: Path, *options: str) -> AsyncIterator[str]:
    """A server that, unlike asyncio's, says by an alert why it hangs up; its URL."""
    mine = authority.issue_cert("127.0.0.1")
    mine.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    process = await asyncio.create_subprocess_exec(
        *("openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-cert", "server.pem"),
        *("-CAfile", "authority.pem", *options),
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        line = b""
        while not line.startswith(b"ACCEPT"):
            line = await process.stdout.readline()  # type: ignore[union-attr]
        yield f"https://127.0.0.1:{line.decode().rpartition(':')[2].strip()}/"
    finally:
        process.kill()
        await process.communicate()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_versions(clients, authority, tmp_path):
    async with openssl_server(authority, tmp_path, "-tls1_2") as url:
        newest = clients.client(secured(ca=pem(authority), min_version="TLS13"))
        assert await refusal(newest, url) == "remote error: tls: protocol version not supported"
        usual = clients.client(secured(ca=pem(authority)))
        assert (await usual.request("GET", url)).status == 200
        too_old = clients.client(secured(ca=pem(authority), max_version="TLS11"))
        assert await refusal(too_old, url) == (
            "tls: no supported versions satisfy MinVersion and MaxVersion"
        )


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_tls_1_0_when_asked_for(clients, authority, tmp_path):
    options = ("-tls1", "-cipher", "ALL:@SECLEVEL=0")
    async with openssl_server(authority, tmp_path, *options) as url:
        usual = clients.client(secured(ca=pem(authority)))
        assert await refusal(usual, url) == "remote error: tls: protocol version not supported"
        old = clients.client(secured(ca=pem(authority), min_version="TLS10"))
        assert (await old.request("GET", url)).status == 200


async def test_a_missing_client_certificate_is_told(clients, authority, tmp_path):
    async with openssl_server(authority, tmp_path, "-Verify", "1", "-verify_return_error") as url:
        without = clients.client(secured(ca=pem(authority)))
        assert await refusal(without, url) == "remote error: tls: certificate required"


async def test_server_without_tls(listeners, clients):
    server = await listeners.start()
    url = server.url().replace("http:", "https:")
    assert await refusal(clients.client(), url) == (
        "http: server gave HTTP response to HTTPS client"
    )


@pytest.mark.parametrize(
    ("tls", "text"),
    [
        ({"ca": "nonsense"}, "unable to use specified CA cert inline"),
        ({"ca_file": "BAD"}, "unable to use specified CA cert file BAD"),
        (
            {"ca_file": "none"},
            "unable to read CA cert: unable to read file none: open none:"
            " no such file or directory",
        ),
        ({"ca_ref": "a"}, "unable to use CA cert: cannot use secret ref without manager"),
        (
            {"cert_ref": "a", "key_ref": "b"},
            "unable to use client cert: cannot use secret ref without manager",
        ),
        (
            {"cert_file": "none", "key_file": "none2"},
            "unable to read specified client cert: unable to read file none: open none:"
            " no such file or directory",
        ),
        (
            {"cert_file": "BAD", "key_file": "BAD"},
            "unable to use specified client cert (file BAD) & key (file BAD):"
            " tls: failed to find any PEM data in certificate input",
        ),
        (
            {"min_version": "TLS13", "max_version": "TLS12"},
            "tls_config.max_version must be greater than or equal to tls_config.min_version if"
            " both are specified",
        ),
    ],
)
def test_refused_when_the_client_is_made(tls, text, tmp_path, authority):
    """The texts are the reference's, asked by reloading such configurations."""
    from amp.httpclient import HttpClients

    bad = tmp_path / "bad.pem"
    bad.write_text("x")
    config = secured(**{name: value.replace("BAD", str(bad)) for name, value in tls.items()})
    with pytest.raises(ConfigError) as caught:
        HttpClients(environment={}).client(config)
    assert str(caught.value) == text.replace("BAD", str(bad))


async def silent_server() -> tuple[asyncio.Server, asyncio.Event, str]:
    """A server that takes connections and says nothing until it is told to hang up."""
    hold = asyncio.Event()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hold.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    return server, hold, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def test_a_handshake_is_bounded(authority):
    server, hold, url = await silent_server()
    transport = Transport(Dialer(), handshake_seconds=0.05)
    via = Via(await Tls(TlsConfig(ca=pem(authority))).context())
    with pytest.raises(RequestError, match=r"^net/http: TLS handshake timeout$"):
        await transport.send("POST", parse_target(url), [], b"", via)
    await transport.close()
    hold.set()
    server.close()
    await server.wait_closed()


async def test_a_handshake_that_hangs_is_abandoned_with_its_request(clients):
    server, hold, url = await silent_server()
    task = asyncio.ensure_future(clients.client().request("POST", url))
    while not list(clients.load()):  # noqa: ASYNC110  # the client has no event to wait for
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(clients.load()) == []
    hold.set()
    server.close()
    await server.wait_closed()


def openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
