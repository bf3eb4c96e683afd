"""The secrets of an integration's block, so that nothing that is kept shows them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from amp.fields.redaction import Redactor, user_secrets
from amp.fields.secret import Secret
from amp.fields.struct import Struct
from amp.httpclient.exchange import hide
from amp.httpclient.failure import RequestError
from amp.httpclient.files import WatchedFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from amp._core import TemplateData
    from amp.model import Renderer

NEVER_SENT = frozenset({"ca_file", "cert_file", "key_file", "client_certificate_key_file"})
"""Certificates and private keys stay here: no receiver can repeat them."""


class Secrets:
    """What nobody may see of one block, its `http_config` included; without a block nothing.

    Attributes:
        redactor: knows the secrets that stand in the configuration.
        rendered: secrets that are templates; what they become is a secret too.
    """

    def __init__(self, block: Struct | None = None) -> None:
        found = list(_found(block))
        texts = [text for text, is_file in found if not is_file]
        self._files = [WatchedFile(text) for text, is_file in found if is_file]
        self.redactor = Redactor(texts)
        self.rendered = frozenset(text for text in texts if "{{" in text)

    @property
    def may_be_rendered(self) -> bool:
        """Whether a secret is a template, or a file that may hold one."""
        return bool(self.rendered or self._files)

    def read(self) -> list[str]:
        """What the block's files hold now; those that cannot be read hold nothing."""
        held = []
        for file in self._files:
            try:
                held.append(file.text())
            except RequestError:
                continue
        return held


class SecretTemplates:
    """Renders, and hides what secret templates become (a URL with a token from a label)."""

    __slots__ = ("_secrets", "_templates")

    def __init__(self, templates: Renderer, secrets: Secrets) -> None:
        self._templates = templates
        self._secrets = secrets

    def render(self, text: str, data: TemplateData, now_ns: int, *, html: bool = False) -> str:
        """As `Templates.render`."""
        rendered = self._templates.render(text, data, now_ns, html=html)
        if "{{" in text and text in self._known():
            hide(rendered)
        return rendered

    def render_many(
        self, texts: Sequence[tuple[str, bool]], data: TemplateData, now_ns: int
    ) -> list[str]:
        """As `Templates.render_many`."""
        rendered = self._templates.render_many(texts, data, now_ns)
        known = self._known()
        for (text, _), made in zip(texts, rendered, strict=True):
            if "{{" in text and text.strip() in known:
                hide(made)
        return rendered

    def _known(self) -> set[str]:
        return {*self._secrets.rendered, *self._secrets.read()}


def _found(value: Any, name: str = "") -> Iterator[tuple[str, bool]]:
    """Texts that are secrets, and names of files that hold one."""
    match value:
        case Secret():
            yield value.reveal(), False
        case Struct():
            for field in dataclasses.fields(value):  # type: ignore[arg-type]
                yield from _found(getattr(value, field.name), field.name)
        case dict():
            for item in value.values():
                yield from _found(item, name)
        case tuple() | list():
            for item in value:
                yield from _found(item, name)
        case str():
            if name == "files" or (name.endswith("_file") and name not in NEVER_SENT):
                if value:
                    yield value, True
            elif "://" in value:
                yield from ((text, False) for text in user_secrets(value))
