"""Walks nodes into values as upstream's strict decoder does (Upstream: yaml.v2 decode.go)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amp.errors import ConfigError
from amp.fields.node import ALIAS, MAPPING, SCALAR, SEQUENCE, Node
from amp.fields.scalar import MERGE, NULL, is_null, resolve, short_tag

if TYPE_CHECKING:
    from collections.abc import Callable

    from amp.fields.json_schema import Definitions, Schema

MAX_DECODED = 1_000_000


class Bad:
    """What a codec returns for a node that it could not read; the fault is noted already."""


BAD = Bad()


@dataclass(frozen=True, slots=True)
class Fault:
    """A type error: decoding goes on, the file is refused at the end."""

    text: str
    line: int
    path: tuple[str | int, ...]


class Refused(ConfigError):
    """A refusal with its place relative to what was being read; the loader completes it."""

    def __init__(self, cause: str, *path: str | int) -> None:
        super().__init__(cause)
        self.path = path


class Codec(ABC):
    """How one kind of value is read from nodes and shown again.

    Attributes:
        go: upstream's name of the type, seen in error texts.
        zero: the value that `null` gives.
    """

    go: str = ""
    zero: Any = None

    @abstractmethod
    def read(self, decoder: Decoder, node: Node) -> Any:
        """The value of a node that is neither null nor an alias; BAD after a noted fault."""

    def read_over(self, decoder: Decoder, node: Node, old: Any) -> Any:
        """As `read`, when a merge key gave the field a value before."""
        return self.read(decoder, node)

    def dump(self, value: Any) -> Any:
        """The value as plain data for the emitter."""
        return value

    def empty(self, value: Any) -> bool:
        """Whether a dump leaves the key out."""
        return not value

    def schema(self, definitions: Definitions) -> Schema:
        """What JSON Schema can say of the values that `read` takes; it refuses none of them.

        Upstream reads a text from any scalar, and null as the zero value, so most types are wide.
        """
        return {}


class Decoder:
    """The state of one decoding: faults, place, matcher mode and the bound on aliases.

    Args:
        matchers_seen: called with every text of matchers before it is read.
    """

    def __init__(
        self, mode: str = "fallback", matchers_seen: Callable[[str], None] | None = None
    ) -> None:
        self.mode = mode
        self.matchers_seen = matchers_seen
        self.faults: list[Fault] = []
        self.path: list[str | int] = []
        self._decoded = 0
        self._aliased = 0
        self._active: list[Node] = []

    def decode(self, node: Node, codec: Codec, old: Any = None) -> Any:
        """Reads one node, over an old value if there is one; BAD when it has the wrong type."""
        self._count()
        if node.kind == ALIAS:
            return self._through(node, codec, old)
        if node.kind == SCALAR and is_null(node):
            return codec.zero
        return codec.read(self, node) if old is None else codec.read_over(self, node, old)

    def _count(self) -> None:
        self._decoded += 1
        if self._active:
            self._aliased += 1
            if self._aliased > 100 and self._decoded > 1000:
                ratio = self._aliased / self._decoded
                if ratio > _allowed_ratio(self._decoded) or self._decoded > MAX_DECODED:
                    raise ConfigError("yaml: document contains excessive aliasing")

    def _through(self, node: Node, codec: Codec, old: Any) -> Any:
        target = node.target
        if target is None or any(target is active for active in self._active):
            raise ConfigError(f"yaml: anchor '{node.value}' value contains itself")
        self._active.append(target)
        value = self.decode(target, codec, old)
        self._active.pop()
        return value

    def mismatch(self, node: Node, codec: Codec) -> Any:
        """Notes that a node cannot become the codec's type; the zero value for a null."""
        if node.kind == SCALAR:
            tag, value = resolve(node)
            if value is None and tag == NULL:
                return codec.zero
            tag = short_tag(node.tag) or tag
        else:
            tag = short_tag(node.tag) or ("!!map" if node.kind == MAPPING else "!!seq")
        shown = "" if tag in ("!!map", "!!seq") else f" `{_shortened(node.value)}`"
        self.fault(node.line, f"cannot unmarshal {tag}{shown} into {codec.go}")
        return BAD

    def fault(self, line: int, text: str) -> None:
        """Notes a type error at the present path."""
        self.faults.append(Fault(f"line {line}: {text}", line, tuple(self.path)))

    def pairs(self, node: Node, begin: Callable[[], Callable[[Node, Node], None]]) -> None:
        """Calls what `begin()` gives with key and value of every entry of a mapping.

        A merge key's mapping is walked in its place, after a `begin()` of its own.
        """
        children = node.children
        each = begin()
        for index in range(0, len(children), 2):
            if _is_merge(children[index]):
                for source in _merge_sources(children[index + 1]):
                    self._merge(source, begin)
            else:
                each(children[index], children[index + 1])

    def _merge(self, source: Node, begin: Callable[[], Callable[[Node, Node], None]]) -> None:
        self._count()
        target = source.target
        if source.kind != ALIAS or target is None:
            self.pairs(source, begin)
            return
        if any(target is active for active in self._active):
            raise ConfigError(f"yaml: anchor '{source.value}' value contains itself")
        self._active.append(target)
        self.pairs(target, begin)
        self._active.pop()


def finish(decoder: Decoder) -> None:
    """Raises ConfigError with all faults of a decoding, if there are any."""
    if not decoder.faults:
        return
    first = decoder.faults[0]
    texts = "\n  ".join(fault.text for fault in decoder.faults)
    raise ConfigError(
        f"yaml: unmarshal errors:\n  {texts}", line=first.line, key=key_text(first.path) or None
    )


def placed(error: ConfigError, decoder: Decoder, node: Node | None) -> ConfigError:
    """The error of a decoding with its line and key."""
    if error.key is not None:
        return error
    path = [*decoder.path, *(error.path if isinstance(error, Refused) else ())]
    line = line_of(node, path) or 1 if error.line is None else error.line
    return ConfigError(error.cause, line=line, key=key_text(path) or None)


def key_text(path: tuple[str | int, ...] | list[str | int]) -> str:
    """A path as text: `receivers[0].webhook_configs[1].url`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def line_of(root: Node | None, path: tuple[str | int, ...] | list[str | int]) -> int | None:
    """The line of the deepest node on a path that the document has."""
    node, line = root, None
    for part in [*path, None]:
        while node is not None and node.kind == ALIAS:
            node = node.target
        if node is None:
            return line
        line = node.line if line is None or part is not None or node.kind == SCALAR else line
        if part is None:
            return line
        found = _child(node, part)
        if found is None:
            return line
        line, node = found
    return line


def _child(node: Node, part: str | int) -> tuple[int, Node] | None:
    if isinstance(part, int):
        if node.kind != SEQUENCE or part >= len(node.children):
            return None
        child = node.children[part]
        return child.line, child
    if node.kind != MAPPING:
        return None
    for index in range(0, len(node.children), 2):
        if node.children[index].value == part:
            return node.children[index].line, node.children[index + 1]
    return None


def _shortened(text: str) -> str:
    raw = text.encode()
    return text if len(raw) <= 10 else f"{raw[:7].decode(errors='replace')}..."


def _is_merge(key: Node) -> bool:
    if key.kind != SCALAR or key.value != "<<":
        return False
    return key.plain or short_tag(key.tag) == MERGE


def _merge_sources(node: Node) -> list[Node]:
    """The mappings to merge, in the order in which they are applied."""
    listed = node.children[::-1] if node.kind == SEQUENCE else [node]
    for source in listed:
        real = source.target if source.kind == ALIAS else source
        if real is None or real.kind != MAPPING:
            raise ConfigError(
                "yaml: map merge requires map or sequence of maps as the value", line=node.line
            )
    return listed


def _allowed_ratio(decoded: int) -> float:
    low, high = 400_000, 4_000_000
    if decoded <= low:
        return 0.99
    return max(0.10, 0.99 - 0.89 * (decoded - low) / (high - low))
