"""The whole process behind TLS and passwords, on several sockets; Prometheus comes in."""

from __future__ import annotations

import base64
import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import bcrypt
import pytest

from acceptance.conftest import webhook
from compat import binaries
from compat.servers import Server, free_port
from webclient import WebFolder, exchange

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sink import SinkProcess

PASSWORD = "a very secret word"
NOWHERE = webhook("http://127.0.0.1:1/")
ALERT = b'[{"labels":{"alertname":"a"}}]'
ADOPTED = """
import os, sys
for place, number in enumerate(map(int, sys.argv[1].split(",")), 3):
    os.dup2(number, place)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(sys.argv[1].split(",")))}
os.execv(sys.argv[2], sys.argv[2:])
"""


class Secured(Server):
    """AMP that lets in who has the password, over TLS."""

    web: WebFolder

    def request(self, method, path, body=None, headers=None):  # type: ignore[no-untyped-def]
        """Sends one request with everything that it takes."""
        credentials = base64.b64encode(f"prometheus:{PASSWORD}".encode()).decode()
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=30, context=self.web.context()
        )
        try:
            given = {"Authorization": f"Basic {credentials}"} | (headers or {})
            connection.request(method, path, body, given)
            response = connection.getresponse()
            return Answer(response)
        finally:
            connection.close()


class Answer:
    """What came back."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.body = response.read().decode()


@pytest.fixture
def folder(tmp_path: Path) -> WebFolder:
    web = WebFolder(tmp_path)
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(5)).decode()
    web.write(
        "tls_server_config: {cert_file: server.pem, key_file: server.key}\n"
        f'basic_auth_users: {{prometheus: "{hashed}"}}\n'
    )
    return web


@pytest.fixture
def secured(folder: WebFolder, sink: SinkProcess) -> Iterator[Secured]:
    flags = (f"--web.config.file={folder.path / 'web.yml'}",)
    made = Secured(binaries.ours(), folder.path / "amp", webhook(sink.url("/told")), flags)
    made.web = folder
    with made:
        yield made


def test_tls_passwords_and_their_log(secured: Secured, sink: SinkProcess) -> None:
    json = {"Content-Type": "application/json"}
    assert secured.request("POST", "/api/v2/alerts", ALERT, json).status == 200
    assert sink.wait(1)[0].path == "/told"
    for path in ("/-/healthy", "/-/ready", "/metrics", "/health", "/", "/api/v2/alerts"):
        asked = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        assert exchange(secured.port, asked.encode(), secured.web.context())["status"] == 401
        assert exchange(secured.port, asked.encode())["status"] == 400
        assert secured.request("GET", path).status == 200
    log = secured.log()
    assert 'msg="TLS is enabled."' in log
    assert "client sent an HTTP request to an HTTPS server" in log
    assert PASSWORD not in log
    assert base64.b64encode(f"prometheus:{PASSWORD}".encode()).decode() not in log
    assert "Traceback" not in log


def test_one_connection_carries_many_large_requests(secured: Secured) -> None:
    credentials = base64.b64encode(f"prometheus:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
    text = "x" * 2000
    body = ",".join(
        f'{{"labels":{{"alertname":"a","n":"{number}"}},"annotations":{{"t":"{text}"}}}}'
        for number in range(2000)
    )
    connection = http.client.HTTPSConnection(
        "127.0.0.1", secured.port, timeout=60, context=secured.web.context()
    )
    with closing(connection):
        for _ in range(3):
            connection.request("POST", "/api/v2/alerts", f"[{body}]", headers)
            response = connection.getresponse()
            assert (response.status, response.read()) == (200, b"")
            connection.request("GET", "/api/v2/alerts", headers=headers)
            response = connection.getresponse()
            assert response.read().count(text.encode()) == 2000


def test_a_new_certificate_is_shown_to_new_connections(secured: Secured) -> None:
    def shown() -> bytes | None:
        address = ("127.0.0.1", secured.port)
        with (
            socket.create_connection(address, timeout=30) as plain,
            secured.web.context().wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            assert connection.version() == "TLSv1.3"
            return connection.getpeercert(binary_form=True)

    first = shown()
    assert shown() == first
    secured.web.renew()
    assert shown() not in (first, None)


def test_half_a_handshake_delays_no_end(secured: Secured) -> None:
    with closing(socket.create_connection(("127.0.0.1", secured.port))) as silent:
        idle = socket.create_connection(("127.0.0.1", secured.port))
        with secured.web.context().wrap_socket(idle, server_hostname="localhost"):
            assert secured.request("GET", "/-/healthy").status == 200
            assert secured.process is not None
            secured.process.send_signal(signal.SIGTERM)
            assert secured.process.wait(20) == 0
        silent.setblocking(True)
    assert "Traceback" not in secured.log()


def test_several_addresses(tmp_path: Path) -> None:
    ports = [free_port(), free_port()]
    flags = tuple(f"--web.listen-address=127.0.0.1:{port}" for port in ports)
    with Server(binaries.ours(), tmp_path / "amp", NOWHERE, flags) as running:
        for port in (running.port, *ports):
            answer = exchange(port, b"GET /-/healthy HTTP/1.1\r\nConnection: close\r\n\r\n")
            assert (answer["status"], answer["body"]) == (200, "OK")
            assert f"address=127.0.0.1:{port}\n" in running.log()


def test_sockets_of_systemd(tmp_path: Path) -> None:
    (tmp_path / "alertmanager.yml").write_text(NOWHERE)
    path = str(tmp_path / "socket")
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(path)
        unix.listen()
        numbers = (tcp.fileno(), unix.fileno())
        process = subprocess.Popen(
            [
                sys.executable, "-c", ADOPTED, ",".join(map(str, numbers)), str(binaries.ours()),
                "--storage.path=data", "--web.systemd-socket", "--cluster.listen-address=",
            ],
            cwd=tmp_path, stderr=subprocess.PIPE, text=True, pass_fds=numbers,
            env=os.environ | {"LISTEN_FDNAMES": "web:socket"},
        )  # fmt: skip
        assert process.stderr is not None
        try:
            # Connections wait in the sockets' own line until the process takes them.
            port = tcp.getsockname()[1]
            asked = b"GET /-/healthy HTTP/1.1\r\nConnection: close\r\n\r\n"
            assert exchange(port, asked)["status"] == 200
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(30)
                client.connect(path)
                client.sendall(asked)
                assert client.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")
        finally:
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Listening on systemd activated listeners instead of port listeners." in log
    assert f"address={path}\n" in log


def test_no_socket_of_systemd_is_a_start_error(tmp_path: Path) -> None:
    (tmp_path / "alertmanager.yml").write_text(NOWHERE)
    ended = subprocess.run(
        [str(binaries.ours()), "--storage.path=data", "--web.systemd-socket"],
        cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "alertmanager/app: no socket activation file descriptors found" in ended.stderr


def test_a_bad_web_configuration_never_opens_the_state(tmp_path: Path) -> None:
    (tmp_path / "alertmanager.yml").write_text(NOWHERE)
    (tmp_path / "web.yml").write_text("basic_auth_users: {alice: hunter2}\n")
    ended = subprocess.run(
        [
            str(binaries.ours()), "--storage.path=data", "--web.listen-address=127.0.0.1:0",
            "--web.config.file=web.yml",
        ],
        cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "alertmanager: HTTP listener failed: crypto/bcrypt: hashedSecret too" in ended.stderr
    assert "hunter2" not in ended.stderr
    assert not (tmp_path / "data" / "amp.db").exists()


def prometheus_config(port: int) -> str:
    return f"""
global: {{evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting:
  alertmanagers:
    - scheme: https
      tls_config: {{ca_file: ca.pem}}
      basic_auth: {{username: prometheus, password: "{PASSWORD}"}}
      static_configs: [{{targets: ['127.0.0.1:{port}']}}]
"""


def test_prometheus_posts_over_tls_with_its_password(secured: Secured, sink: SinkProcess) -> None:
    program = shutil.which("prometheus")
    assert program is not None, "Prometheus is not installed: run scripts/system test"
    home = secured.web.path
    (home / "prometheus.yml").write_text(prometheus_config(secured.port))
    (home / "rules.yml").write_text(
        "groups: [{name: g, interval: 1s, rules: [{alert: Always, expr: vector(1)}]}]\n"
    )
    with (home / "prometheus.log").open("wb") as log:
        prometheus = subprocess.Popen(
            [
                program, "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb",
                f"--web.listen-address=127.0.0.1:{free_port()}",
                "--rules.alert.resend-delay=1s",
            ],
            cwd=home, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        told = sink.wait(1, 60)[0].json()
    finally:
        prometheus.terminate()
        prometheus.wait(20)
    assert told["groupLabels"] == {"alertname": "Always"}
    assert "Error sending alert" not in (home / "prometheus.log").read_text()


def test_a_slow_reader_gets_everything(secured: Secured) -> None:
    """Answers are held back, not piled up or lost, while the client does not read."""
    text = "y" * 60_000
    body = ",".join(
        f'{{"labels":{{"alertname":"a","n":"{number}"}},"annotations":{{"t":"{text}"}}}}'
        for number in range(150)
    )
    json = {"Content-Type": "application/json"}
    assert secured.request("POST", "/api/v2/alerts", f"[{body}]".encode(), json).status == 200
    credentials = base64.b64encode(f"prometheus:{PASSWORD}".encode()).decode()
    asked = (
        "GET /api/v2/alerts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Authorization: Basic {credentials}\r\n\r\n"
    )
    plain = socket.create_connection(("127.0.0.1", secured.port), timeout=60)
    with secured.web.context().wrap_socket(plain, server_hostname="localhost") as slow:
        slow.sendall(asked.encode())
        for _ in range(20):
            assert secured.request("GET", "/-/healthy").status == 200
        received = b""
        while chunk := slow.recv(1 << 20):
            received += chunk
    assert received.count(text.encode()) == 150


def test_an_alert_tells_the_client_what_was_wrong(secured: Secured) -> None:
    (secured.web.path / "server.pem").write_text("junk\n")
    with pytest.raises(ssl.SSLError, match="INTERNAL_ERROR"):
        secured.request("GET", "/-/healthy")
    assert "failed to load X509KeyPair: tls: failed to find any PEM data" in secured.log()
