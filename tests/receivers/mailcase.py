"""Cases of `mail.yaml`, made ready for a run: real addresses, files, servers."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import ssl
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import trustme
import yaml

from compat.servers import free_port
from mail_server import MailServer, Script
from receivers.alerts import SETS, alert

PATH = Path(__file__).parent / "mail.yaml"
NAMES = ("127.0.0.1", "127.0.0.2", "localhost", "mail.test")
SHOWN_CHARACTERS = 20_000
BLOCK = {
    "smarthost": "HERE",
    "from": "amp@example.com",
    "to": "ops@example.com",
    "hello": "am.test",
    "require_tls": False,
    "headers": {"Subject": "[{{ .Status }}] {{ .CommonLabels.alertname }}"},
    "text": "{{ .Status }}: {{ .CommonLabels.alertname }}",
    "html": "",
}
"""What a case's `email` is laid over."""
DATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r" \d{4} \d\d:\d\d:\d\d [+-]\d{4}"
)
MESSAGE_ID = re.compile(rf"<\d{{19}}\.\d{{1,20}}@{re.escape(socket.gethostname())}>")
THREAD = re.compile(r"<alert-([0-9a-f]{16})-\d{4}-\d\d-\d\d@alertmanager>")
BOUNDARY = re.compile(r"multipart/alternative;  boundary=([0-9a-f]{60})")


@dataclass
class Authority:
    """Certificates of a run."""

    ca: trustme.CA = field(default_factory=trustme.CA)

    @cached_property
    def pem(self) -> str:
        """The authority's own certificate."""
        return self.ca.cert_pem.bytes().decode()

    @cached_property
    def client(self) -> trustme.LeafCert:
        """A client's certificate."""
        return self.ca.issue_cert("client.test")

    @cached_property
    def server(self) -> trustme.LeafCert:
        """The server's certificate."""
        return self.ca.issue_cert(*NAMES)

    def context(self, *, ask: bool) -> ssl.SSLContext:
        """The server's side, asking for a client's certificate or not."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.configure_cert(context)
        if ask:
            context.verify_mode = ssl.CERT_REQUIRED
            self.ca.configure_trust(context)
        return context


class Run:
    """One case with its server and folder; use it as a context manager."""

    def __init__(self, case: dict[str, Any], folder: Path, authority: Authority) -> None:
        self.case = case
        context = authority.context(ask=case.get("client_certificate", False))
        elsewhere = "OTHERADDRESS" in str(case.get("email"))
        host = "127.0.0.2" if elsewhere else "127.0.0.1"
        self.server = MailServer(Script(**case.get("server", {})), context, host=host)
        self.places = {
            "OTHERADDRESS": f"127.0.0.2:{self.server.port}",
            "HERE": f"127.0.0.1:{self.server.port}",
            "OTHER": f"localhost:{self.server.port}",
            "CLOSED": f"127.0.0.1:{free_port()}",
            "FOLDER": str(folder),
        }
        client = authority.client
        self.certificates = {
            "CA": authority.pem,
            "CERT": client.cert_chain_pems[0].bytes().decode(),
            "KEY": client.private_key_pem.bytes().decode(),
        }
        (folder / "ca.pem").write_text(authority.pem)
        for name, content in case.get("files", {}).items():
            (folder / name).write_bytes(content.encode())

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.__exit__()

    def configuration(self) -> str:
        """The whole configuration as JSON; what the case sets to null is left out."""
        block = BLOCK | self.case.get("email", {})
        block = {key: value for key, value in block.items() if value is not None}
        route = {"receiver": "team", "group_wait": "300ms", "group_interval": "1s"}
        whole = {
            "global": self.case.get("global", {}),
            "route": route | {"group_by": ["alertname"]},
            "receivers": [{"name": "team", "email_configs": [block]}],
        }
        return json.dumps(self.fill(whole), ensure_ascii=False)

    def fill(self, value: Any) -> Any:
        """Real addresses and certificates in place of their names."""
        if isinstance(value, dict):
            return {key: self.fill(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.fill(one) for one in value]
        if not isinstance(value, str):
            return value
        if value in self.certificates:
            return self.certificates[value]
        for name, place in self.places.items():
            value = value.replace(name, place)
        return value

    def tidy(self, text: str) -> str:
        """Names in place of real addresses."""
        for name, place in self.places.items():
            text = text.replace(place, name)
        text = re.sub(r"127\.0\.0\.1:\d+->HERE", "LOCAL->HERE", text)
        return re.sub(r"lookup (\S+) on [^ ]+: ", r"lookup \1: ", text)

    def alerts(self, key: str = "alerts") -> list[dict[str, Any]]:
        """The alerts to post."""
        return SETS[self.case[key]] if key in self.case else [alert({"alertname": "Down"}, {})]

    def heard(self, which: int = 0) -> dict[str, Any]:
        """What a session was like, in the shape of the cases."""
        if len(self.server.sessions) <= which:
            return {"said": [], "message": None}
        session = self.server.session(which)
        message = session.message
        return {
            "said": [self.tidy(line) for line in session.said],
            "message": None if message is None else tidy_message(message),
        }


def tidy_message(message: bytes) -> dict[str, Any]:
    """Headers in order of their names, and the rest with plain line ends; checks what is random."""
    head, _, content = message.partition(b"\r\n\r\n")
    assert b"\n" not in message.replace(b"\r\n", b""), "a lone line feed"
    headers = []
    for line in head.decode().split("\r\n") if head else []:
        name, _, value = line.partition(": ")
        if name == "Date" and DATE.fullmatch(value):
            value = "DATE"
        elif name == "Message-Id" and MESSAGE_ID.fullmatch(value):
            value = "ID"
        headers.append(THREAD.sub(r"<alert-\1-DAY@alertmanager>", f"{name}: {value}"))
    text = content.decode().replace("\r\n", "\n")
    if found := BOUNDARY.search(head.decode()):
        headers = [line.replace(found[1], "BOUNDARY") for line in headers]
        text = text.replace(found[1], "BOUNDARY")
    body: Any = text
    if len(text) > SHOWN_CHARACTERS:
        body = {"characters": len(text), "sha256": hashlib.sha256(text.encode()).hexdigest()}
    return {"headers": sorted(headers), "body": body}


def load() -> list[dict[str, Any]]:
    """The cases."""
    cases: list[dict[str, Any]] = yaml.load(PATH.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return cases
