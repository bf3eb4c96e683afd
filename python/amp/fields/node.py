"""The YAML of a configuration file as nodes: bounded, with lines, scalars not interpreted yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from amp.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BYTES = 16 << 20
MAX_DEPTH = 120
SCALAR = "scalar"
MAPPING = "mapping"
SEQUENCE = "sequence"
ALIAS = "alias"


@dataclass(slots=True, eq=False)
class Node:
    """One node of a document.

    Attributes:
        kind: SCALAR, MAPPING, SEQUENCE or ALIAS.
        line: 1-based line where it begins.
        tag: the explicit tag in its long form, empty when there is none.
        value: the text of a scalar, or the name an alias refers to.
        plain: whether a scalar stands without quotes.
        children: entries of a sequence, keys and values of a mapping one after the other.
        target: what an alias refers to.
    """

    kind: str
    line: int
    tag: str = ""
    value: str = ""
    plain: bool = False
    children: list[Node] = field(default_factory=list)
    target: Node | None = None


def parse(text: str) -> Node | None:
    """The root node of the first document; None for an empty one.

    Later documents are ignored. Raises ConfigError with upstream's text for what is no YAML.
    """
    if len(text) > MAX_BYTES:
        raise ConfigError(f"configuration is larger than {MAX_BYTES} bytes")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ConfigError("yaml: invalid Unicode character") from error
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text.removeprefix("\ufeff"))
    reader = _Reader(loader)
    try:
        return reader.read()
    except yaml.YAMLError as error:
        raise _refused(error, text, reader.key()) from None
    finally:
        loader.dispose()


def _refused(error: yaml.YAMLError, text: str, key: str | None) -> ConfigError:
    """The text and line that upstream shows (Upstream: yaml.v2 decode.go parser.fail)."""
    if not isinstance(error, yaml.MarkedYAMLError):
        position = getattr(error, "position", 0)
        return ConfigError(
            "yaml: control characters are not allowed",
            line=text.encode()[:position].count(b"\n") + 1,
            key=key,
        )
    line = 0
    if error.problem_mark is not None and error.problem_mark.line:
        line = error.problem_mark.line + isinstance(error, yaml.scanner.ScannerError)
    elif error.context_mark is not None:
        line = error.context_mark.line
    place = f"line {line}: " if line else ""
    exact = error.problem_mark.line + 1 if error.problem_mark is not None else None
    return ConfigError(f"yaml: {place}{error.problem}", line=exact, key=key)


class _Reader:
    """Builds nodes from the parser's events, without recursion."""

    def __init__(self, loader: Any) -> None:
        self._next: Callable[[], Any] = loader.get_event
        self._anchors: dict[str, Node] = {}
        self._root: Node | None = None
        self._open: list[Node] = []

    def read(self) -> Node | None:
        while True:
            event = self._next()
            if isinstance(event, yaml.DocumentEndEvent) or event is None:
                return self._root
            if isinstance(event, yaml.StreamEndEvent):
                return self._root
            if isinstance(event, yaml.CollectionEndEvent):
                self._open.pop()
            elif isinstance(event, yaml.NodeEvent):
                self._add(event)

    def key(self) -> str | None:
        """The key below which reading stopped."""
        text = ""
        for node in self._open:
            if node.kind == SEQUENCE:
                text += f"[{max(len(node.children) - 1, 0)}]"
            elif node.children:
                last = node.children[(len(node.children) - 1) // 2 * 2]
                text += f".{last.value}" if text else last.value
        return text or None

    def _add(self, event: Any) -> None:
        node = self._node(event)
        if self._open:
            self._open[-1].children.append(node)
        else:
            self._root = node
        if event.anchor is not None and node.kind != ALIAS:
            self._anchors[event.anchor] = node
        if node.kind in (MAPPING, SEQUENCE):
            self._open.append(node)
            if len(self._open) > MAX_DEPTH:
                raise ConfigError(
                    f"yaml: exceeded max depth of {MAX_DEPTH}", line=node.line, key=self.key()
                )

    def _node(self, event: Any) -> Node:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            name = str(event.anchor)
            target = self._anchors.get(name)
            if target is None:
                raise ConfigError(
                    f"yaml: unknown anchor '{name}' referenced", line=line, key=self.key()
                )
            return Node(ALIAS, line, value=name, target=target)
        tag = event.tag if event.tag not in (None, "!") else ""
        if isinstance(event, yaml.ScalarEvent):
            return Node(SCALAR, line, tag, event.value, plain=event.implicit[0])
        kind = MAPPING if isinstance(event, yaml.MappingStartEvent) else SEQUENCE
        return Node(kind, line, tag)
