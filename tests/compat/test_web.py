"""The reference's amtool against AMP behind TLS and a password."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import bcrypt
import pytest

from compat import binaries
from compat.servers import Server
from webclient import WebFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HTTP = """
tls_config: {{ca_file: ca.pem{certificate}}}
basic_auth: {{username: {user}, password: {password}}}
"""


@pytest.fixture(scope="module")
def amtool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = binaries.packed()
    assert folder is not None
    return binaries.unpack(folder, tmp_path_factory.mktemp("amtool"), "amtool")


class Hidden(Server):
    """AMP that a client without a certificate cannot even ask whether it is ready."""

    def request(self, method, path, body=None, headers=None):  # type: ignore[no-untyped-def]
        del method, path, body, headers
        if "TLS is enabled" not in self.log():
            raise ConnectionError("not yet")
        return Ready()


class Ready:
    status = 200


@pytest.fixture
def hidden(tmp_path: Path) -> Iterator[Hidden]:
    web = WebFolder(tmp_path)
    hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    web.write(
        "tls_server_config: {cert_file: server.pem, key_file: server.key, client_ca_file: ca.pem,"
        " client_auth_type: RequireAndVerifyClientCert, client_allowed_sans: [client.example]}\n"
        f'basic_auth_users: {{alice: "{hashed}"}}\n'
    )
    flags = (f"--web.config.file={tmp_path / 'web.yml'}",)
    config = "route: {receiver: r}\nreceivers: [{name: r}]\n"
    with Hidden(binaries.ours(), tmp_path / "amp", config, flags) as running:
        yield running


CERTIFICATE = ", cert_file: client.pem, key_file: client.key"


def ask(amtool: Path, hidden: Hidden, *words: str, **http: str) -> subprocess.CompletedProcess[str]:
    given = {"user": "alice", "password": "secret", "certificate": CERTIFICATE} | http
    home = hidden.folder.parent
    (home / "http.yml").write_text(HTTP.format(**given))
    url = f"https://127.0.0.1:{hidden.port}"
    return subprocess.run(
        [str(amtool), f"--alertmanager.url={url}", "--http.config.file=http.yml", *words],
        cwd=home, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_amtool_comes_in_with_certificate_and_password(amtool: Path, hidden: Hidden) -> None:
    added = ask(amtool, hidden, "alert", "add", "alertname=a", "team=db")
    assert (added.returncode, added.stderr) == (0, "")
    asked = ask(amtool, hidden, "alert", "query", "-o", "json")
    assert '"team":"db"' in asked.stdout


def test_amtool_is_told_why_it_does_not_come_in(amtool: Path, hidden: Hidden) -> None:
    wrong = ask(amtool, hidden, "alert", "query", password="guess")
    assert wrong.returncode == 1
    assert "401" in wrong.stderr
    without = ask(amtool, hidden, "alert", "query", certificate="")
    assert without.returncode == 1
    assert "tls: certificate required" in without.stderr
