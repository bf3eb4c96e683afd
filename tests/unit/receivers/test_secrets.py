"""Every secret of every integration's block is found."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from amp.fields.codec import SecretText, SecretUrl
from amp.fields.http import Authorization, BasicAuth, Header, HttpConfig, OAuth2
from amp.fields.secret import REDACTED, Secret
from amp.fields.struct import StructOf
from amp.fields.template_url import TemplateUrl
from amp.fields.tls import TlsConfig
from amp.receivers import INTEGRATIONS, OWN_INTEGRATIONS, config_class
from amp.receivers.secrets import NEVER_SENT, Secrets
from amp.receivers.sigv4 import SigV4

if TYPE_CHECKING:
    from pathlib import Path

NESTED = (HttpConfig, BasicAuth, Authorization, OAuth2, TlsConfig, SigV4)
KINDS = [*INTEGRATIONS, *OWN_INTEGRATIONS]


class Filler:
    """Fills blocks with secrets that it remembers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secrets: list[str] = []

    def secret(self) -> str:
        self.secrets.append(f"s3cr3t-{len(self.secrets)}-x")
        return self.secrets[-1]

    def file(self) -> str:
        path = self.folder / str(len(self.secrets))
        path.write_text(f"{self.secret()}\n", encoding="utf-8")
        return str(path)

    def fill(self, cls: type) -> Any:
        return cls(**dict(self._values(cls)))

    def _values(self, cls: Any) -> Any:
        for name, (attribute, codec, _) in StructOf(cls).fields.items():
            value: Any = None
            if isinstance(codec, SecretText):
                value = Secret(self.secret())
            elif isinstance(codec, SecretUrl | TemplateUrl):
                value = Secret(f"https://host/{self.secret()}")
            elif name.endswith("_file") and name not in NEVER_SENT:
                value = self.file()
            elif name == "proxy_connect_header":
                value = {"X": (Secret(self.secret()),)}
            elif name == "http_headers":
                header = Header((), (Secret(self.secret()),), (self.file(),))
                value = {"X-Key": header}
            elif name == "proxy_url":
                value = f"http://user:{self.secret()}@proxy/"
            elif isinstance(codec, StructOf) and codec.cls in NESTED:
                value = self.fill(codec.cls)
            if value is not None:
                yield attribute, value


@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_is_missed(kind: str, tmp_path: Path) -> None:
    filler = Filler(tmp_path)
    block = filler.fill(config_class(kind))
    secrets = Secrets(block)
    redactor = secrets.redactor.knowing(secrets.read())
    assert filler.secrets
    for secret in filler.secrets:
        assert redactor.redact(f"a {secret} b") == f"a {REDACTED} b"


def test_no_block_has_none() -> None:
    secrets = Secrets()
    assert secrets.read() == []
    assert not secrets.may_be_rendered
    assert secrets.redactor.redact("text") == "text"


def test_files_that_cannot_be_read_hold_nothing(tmp_path: Path) -> None:
    block = dataclasses.replace(config_class("webhook")(), url_file=str(tmp_path / "none"))
    secrets = Secrets(block)
    assert secrets.read() == []
    assert secrets.may_be_rendered
    (tmp_path / "none").write_text("http://host/s3cr3t-word", encoding="utf-8")
    assert secrets.read() == ["http://host/s3cr3t-word"]
