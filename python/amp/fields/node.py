"""The YAML of a configuration file as nodes: bounded, with lines, scalars not interpreted yet."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from amp.errors import ConfigError

MAX_BYTES = 8 << 20
MAX_NODES = 400_000
MAX_DEPTH = 120
MAX_BARE_COLONS = 50
SCALAR = "scalar"
MAPPING = "mapping"
SEQUENCE = "sequence"
ALIAS = "alias"
_VERSIONS = (None, (1, 1))
_ESCAPED_SLASH = re.compile(r"(?<!\\)(?:\\\\)*\\/")
_BARE_COLON = re.compile(r":[,?\[\]{}]")


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
    text = text.removeprefix("\ufeff")
    stand_in = next(chr(code) for code in range(0xE000, 0xF8FF) if chr(code) not in text)
    for _ in range(MAX_BARE_COLONS):
        index = _bare_colon(text)
        if index is None:
            break
        text = f"{text[:index]}{stand_in}{text[index + 1 :]}"
    return _read(text, stand_in)


def _bare_colon(text: str) -> int | None:
    """Where the parser stumbles over a colon that upstream's takes as a part of a plain text.

    In `{a:}` and `[b:, c]` the colon belongs to the text for upstream (Upstream: yaml.v2
    scannerc.go), for newer parsers it is a fault.
    """
    if _BARE_COLON.search(text) is None:
        return None
    try:
        _read(text, "")
    except ConfigError as error:
        fault = error.__cause__
        if isinstance(fault, yaml.MarkedYAMLError) and fault.problem == "found unexpected ':'":
            return int(fault.problem_mark.index) if fault.problem_mark is not None else None
    return None


def _read(text: str, stand_in: str) -> Node | None:
    reader = _Reader(text, stand_in)
    try:
        return reader.read(getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text))
    except yaml.YAMLError as error:
        raise _refused(error, text, reader.key()) from error


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

    def __init__(self, text: str, stand_in: str) -> None:
        self._text = text
        self._stand_in = stand_in
        self._brackets = 0
        self._anchors: dict[str, Node] = {}
        self._root: Node | None = None
        self._open: list[Node] = []
        self._count = 0

    def read(self, loader: Any) -> Node | None:
        while True:
            event = loader.get_event()
            if isinstance(event, yaml.DocumentEndEvent) or event is None:
                return self._root
            if isinstance(event, yaml.StreamEndEvent):
                return self._root
            if isinstance(event, yaml.CollectionEndEvent):
                self._open.pop()
                self._brackets -= self._brackets > 0
            elif isinstance(event, yaml.NodeEvent):
                self._add(event)
            elif isinstance(event, yaml.DocumentStartEvent) and event.version not in _VERSIONS:
                line = event.start_mark.line if event.start_mark is not None else 0
                place = f"line {line}: " if line else ""
                raise ConfigError(f"yaml: {place}found incompatible YAML document", line=line + 1)

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
        self._count += 1
        if self._count > MAX_NODES:
            raise ConfigError(
                f"configuration has more than {MAX_NODES} values", line=node.line, key=self.key()
            )
        if self._open:
            self._open[-1].children.append(node)
        else:
            self._root = node
        if event.anchor is not None and node.kind != ALIAS:
            self._anchors[event.anchor] = node
        if node.kind in (MAPPING, SEQUENCE):
            self._open.append(node)
            self._brackets += event.flow_style or self._brackets > 0
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
            if self._brackets and "?" in event.value and event.style in (None, ""):
                self._refuse_question_mark(event)
            if event.style == '"' and "/" in event.value:
                self._check_slashes(event)
            value = event.value
            if not value.isascii():
                self._check_surrogates(value, line)
            if self._stand_in and self._stand_in in value:
                value = value.replace(self._stand_in, ":")
            return Node(SCALAR, line, tag, value, plain=event.implicit[0])
        kind = MAPPING if isinstance(event, yaml.MappingStartEvent) else SEQUENCE
        return Node(kind, line, tag)

    def _check_surrogates(self, value: str, line: int) -> None:
        """Escapes of halves of characters, which not every parser refuses by itself."""
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ConfigError(
                "yaml: found invalid Unicode character escape code", line=line, key=self.key()
            ) from None

    def _refuse_question_mark(self, event: Any) -> None:
        """In brackets a question mark ends a plain text for upstream, and never rightly."""
        start = event.start_mark
        before = self._text[start.index :].partition("?")[0]
        opening = self._open[-1]
        line = start.line + before.count("\n") or opening.line - 1
        place = f"line {line}: " if line else ""
        bracket = "}" if opening.kind == MAPPING else "]"
        raise ConfigError(
            f"yaml: {place}did not find expected ',' or '{bracket}'",
            line=start.line + 1,
            key=self.key(),
        )

    def _check_slashes(self, event: Any) -> None:
        """An escaped slash is JSON's; upstream's YAML does not know it."""
        start = event.start_mark
        raw = self._text[start.index : event.end_mark.index]
        found = _ESCAPED_SLASH.search(raw)
        if found is None:
            return
        line = start.line + raw[: found.end()].count("\n")
        place = f"line {line + 1}: " if line else ""
        raise ConfigError(
            f"yaml: {place}found unknown escape character", line=line + 1, key=self.key()
        )
