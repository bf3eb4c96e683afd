"""Values of a configuration whose texts are templates, as JSON-like data (pair: body.encode).

Each text is rendered, and what it renders to is read as YAML: `{{ len .Alerts }}` is a number,
JSON is an object, and what is no YAML stays a text.
Upstream: template/template.go DeepCopyWithTemplate.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from amp._core import plain_json
from amp.errors import ConfigError
from amp.fields.decode import Codec, Decoder
from amp.fields.node import MAPPING, SEQUENCE, Node, parse
from amp.fields.scalar import STR, resolve, resolve_text
from amp.receivers.body import Raw, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Build = Callable[[Iterator[str]], Any]

_SHORT_DIGITS = 18
# One line that begins like a word, without a comment or a key: one plain scalar.
_PLAIN = re.compile(r"[A-Za-z0-9](?:[ !\"$-9;-~\u00a1-\u1fff]++|:(?=[^ ])|(?<=[^ ])#)*+")


class Payload:
    """A value of a configuration, prepared once.

    Attributes:
        texts: the templates in it, in the order in which `build` takes them rendered.
    """

    def __init__(self, value: Any) -> None:
        texts: list[str] = []
        self._build = _prepared(value, texts)
        self.texts = tuple(texts)

    def build(self, rendered: Iterator[str]) -> Any:
        """The value; takes as many rendered texts as there are `texts`. Keys are in order."""
        return self._build(rendered)


def _prepared(value: Any, texts: list[str]) -> Build:
    if isinstance(value, str):
        if "{{" in value:
            texts.append(value)
            return lambda rendered: structured(next(rendered))
        constant = structured(value)
    elif isinstance(value, list):
        items = [_prepared(item, texts) for item in value]
        return lambda rendered: [item(rendered) for item in items]
    elif isinstance(value, dict):
        return _prepared_map(value, texts)
    else:
        constant = number(value) if isinstance(value, float) else value
    return lambda _: constant


def _prepared_map(value: dict[Any, Any], texts: list[str]) -> Build:
    entries: list[tuple[str | None, Build]] = []
    for key, item in value.items():
        if not isinstance(key, str):
            continue
        if "{{" in key:
            texts.append(key)
        entries.append((None if "{{" in key else key, _prepared(item, texts)))

    def build(rendered: Iterator[str]) -> dict[str, Any]:
        return _ordered(
            [(next(rendered) if key is None else key, item(rendered)) for key, item in entries]
        )

    return build


def structured(text: str) -> Any:
    """What a rendered text means: a value in YAML, or the text itself if that is none or a text."""
    # JSON is read many times faster, and lists of alerts come as JSON.
    if text[:1] in ("[", "{") and (plain := plain_json(text)) is not None:
        return Raw(plain)
    if (
        text.isdecimal()
        and text.isascii()
        and len(text) <= _SHORT_DIGITS
        and (text[0] != "0" or text == "0")
    ):
        return int(text)
    if _PLAIN.fullmatch(text):
        tag, value = resolve_text(text.rstrip(" "))
        return text if tag == STR or isinstance(value, str) else _leaf(value)
    try:
        root = parse(text)
        found = None if root is None else Decoder().decode(root, _VALUE)
    except ConfigError:
        return text
    return text if isinstance(found, str) else found


def _ordered(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A map with its keys in order; of several equal keys the last one counts."""
    return dict(sorted(dict(pairs).items()))


def _leaf(value: Any) -> Any:
    return number(value) if isinstance(value, float) else value


class _Value(Codec):
    """Any YAML, without the entries whose keys are no texts.

    Upstream: template/template.go normalizeYAMLValue after yaml.v2's Unmarshal.
    """

    go = "interface {}"

    def read(self, decoder: Decoder, node: Node) -> Any:
        """The value of a node; a key that comes again counts."""
        if node.kind == SEQUENCE:
            return [decoder.decode(child, self) for child in node.children]
        if node.kind != MAPPING:
            return _leaf(resolve(node)[1])
        pairs: list[tuple[str, Any]] = []

        def each(key: Node, value: Node) -> None:
            name = decoder.decode(key, self)
            if isinstance(name, dict | list):
                raise ConfigError("yaml: invalid map key")
            item = decoder.decode(value, self)
            if isinstance(name, str):
                pairs.append((name, item))

        decoder.pairs(node, lambda: each)
        return _ordered(pairs)


_VALUE = _Value()
