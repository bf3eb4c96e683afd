"""A secret URL that may be a template (Upstream: config/common SecretTemplateURL)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amp.errors import ConfigError
from amp.fields.codec import Text
from amp.fields.decode import BAD, Codec, Decoder
from amp.fields.json_schema import HTTP_URL, pattern
from amp.fields.node import SCALAR, Node
from amp.fields.secret import REDACTED, Secret
from amp.fields.url import parse_http_url

if TYPE_CHECKING:
    from amp.fields.json_schema import Definitions, Schema


class TemplateUrl(Codec):
    """Checked as a template when it holds `{{`, else as a URL; an empty one is unset."""

    go = "common.plain"
    zero = Secret()

    def read(self, decoder: Decoder, node: Node) -> Any:
        if node.kind != SCALAR:
            return decoder.mismatch(node, self)
        text = Text().read(decoder, node)
        if text is BAD:
            return BAD
        if text and text != REDACTED:
            _check(text)
        return Secret(text)

    def dump(self, value: Any) -> Any:
        return REDACTED if value else None

    def schema(self, definitions: Definitions) -> Schema:
        return pattern(f"{HTTP_URL}|\\{{\\{{|^$|^{REDACTED}$")


def _check(text: str) -> None:
    if "{{" not in text:
        try:
            parse_http_url(text, secret=True)
        except ConfigError as error:
            raise ConfigError(f"invalid URL: {error.cause}") from None
        return
    from amp._core import TemplateError, check_template

    try:
        check_template(text, True)
    except TemplateError as error:
        raise ConfigError(f"invalid template syntax: {error}") from None
