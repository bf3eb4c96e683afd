"""A client of a server with a web configuration file, and the files that such a file names."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import trustme

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE_SECONDS = 30.0
CERTIFICATE = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n"
PASSING_HEADERS = {"date", "connection", "server"}


@dataclass
class WebFolder:
    """Certificates of one test: the server's, a client's, their authority, and broken ones."""

    path: Path
    authority: trustme.CA = field(default_factory=trustme.CA)

    def __post_init__(self) -> None:
        self.renew()
        client = self.authority.issue_cert("client.example", "127.0.0.7", "who@example.org")
        for name, content in {
            "ca.pem": self.authority.cert_pem.bytes(),
            "client.pem": client.cert_chain_pems[0].bytes(),
            "client.key": client.private_key_pem.bytes(),
            "stranger.pem": trustme.CA().cert_pem.bytes(),
            "junk.pem": b"junk\n",
            "empty.pem": b"",
            "bad.pem": CERTIFICATE.format("MIIB").encode(),
            "bad.key": KEY.format("MIIB").encode(),
        }.items():
            (self.path / name).write_bytes(content)

    def renew(self) -> None:
        """Gives the server another certificate."""
        server = self.authority.issue_cert("localhost", "127.0.0.1")
        (self.path / "server.pem").write_bytes(server.cert_chain_pems[0].bytes())
        (self.path / "server.key").write_bytes(server.private_key_pem.bytes())

    def write(self, text: str | None) -> None:
        """Writes the web configuration file, or removes it."""
        file = self.path / "web.yml"
        if text is None:
            file.unlink(missing_ok=True)
        else:
            file.write_text(self.fill(text), encoding="utf-8")

    def fill(self, text: str) -> str:
        """The text with the certificates that it wants inline."""
        for word, name in (("CERT", "server.pem"), ("KEY", "server.key"), ("AUTHORITY", "ca.pem")):
            if f"INLINE_{word}" in text:
                lines = (self.path / name).read_text().replace("\n", "\\n")
                text = text.replace(f"INLINE_{word}", f'"{lines}"')
        return text

    def context(self, *, certificate: bool = False, newest: str | None = None) -> ssl.SSLContext:
        """A client's context that trusts the authority."""
        context = ssl.create_default_context(cafile=self.path / "ca.pem")
        if certificate:
            context.load_cert_chain(self.path / "client.pem", self.path / "client.key")
        if newest is not None:
            context.maximum_version = ssl.TLSVersion[newest]
        return context

    def play(self, port: int, step: dict[str, Any]) -> dict[str, Any]:
        """Takes one step of a recorded case; what came of it."""
        if "write" in step:
            self.write(step["write"])
            return {}
        if step.get("renew"):
            self.renew()
            return {}
        context = None
        if "tls" in step:
            context = self.context(**step["tls"])
        request = (
            f"{step.get('method', 'GET')} {step.get('path', '/-/healthy')} HTTP/1.1\r\n"
            + "".join(f"{name}: {value}\r\n" for name, value in step.get("headers", []))
            + "Host: localhost\r\nConnection: close\r\n\r\n"
        )
        return exchange(port, request.encode(), context)


def exchange(port: int, request: bytes, context: ssl.SSLContext | None = None) -> dict[str, Any]:
    """Sends bytes on a connection of its own: the answer, the TLS alert, or that it was closed."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as plain:
        try:
            with _wrapped(plain, context) as connection:
                connection.sendall(request)
                while chunk := connection.recv(65536):
                    received += chunk
        except ssl.SSLError as error:
            if "ALERT_" not in (error.reason or ""):
                return {"closed": True}
            return {"alert": (error.reason or "").partition("ALERT_")[2]}
        except ConnectionError:
            return {"closed": True}
    if not received:
        return {"closed": True}
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = [line.partition(":")[::2] for line in lines]
    shown = sorted([name.lower(), value.strip()] for name, value in headers)
    return {
        "status": int(first.split()[1]),
        "headers": [pair for pair in shown if pair[0] not in PASSING_HEADERS],
        "body": body.decode(),
    }


def _wrapped(plain: socket.socket, context: ssl.SSLContext | None) -> socket.socket:
    return plain if context is None else context.wrap_socket(plain, server_hostname="localhost")
