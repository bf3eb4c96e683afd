"""JSON Schema of what the codecs read, for editors (JSON Schema 2020-12)."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import TYPE_CHECKING, Any

from amp.fields.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

    from amp.fields.decode import Codec
    from amp.fields.struct import Struct, StructOf

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEXT: Schema = {"type": ["string", "number", "boolean", "null"]}
"""Any scalar is taken by its text."""

# Editors read YAML 1.2, in which the words of 1.1 are texts.
_YAML_1_1 = "y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF"
BOOLEAN: Schema = {"type": ["boolean", "string", "null"], "pattern": f"^({_YAML_1_1})$"}
NUMBER: Schema = {"type": ["number", "null"]}
# Octal and hexadecimal numbers of YAML 1.1 and digits in groups are texts to editors.
_OTHER_DIGITS = "^[-+]?(0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+|0[bB][01_]+|[0-9][0-9_]*)$"
INTEGER: Schema = {"type": ["number", "string", "null"], "pattern": _OTHER_DIGITS}
COUNT: Schema = INTEGER | {"not": {"type": "integer", "maximum": -1}}
"""Upstream refuses whole negative numbers only: a float that is none is cut off first."""

HTTP_URL = "^[hH][tT][tT][pP][sS]?://."
PROMETHEUS_DURATION: Schema = {
    "type": ["string", "integer", "null"],
    "pattern": "^(0|(?=.)([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$",
    "minimum": 0,
    "maximum": 0,
}
_GO_DURATION = "^[-+]?(0|(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$"
GO_DURATION: Schema = {"type": ["string", "number", "null"], "pattern": _GO_DURATION}
GO_DURATION_TEXT: Schema = {
    "type": ["string", "integer", "null"],
    "pattern": _GO_DURATION,
    "minimum": 0,
    "maximum": 0,
}


def pattern(regex: str) -> Schema:
    """A text that matches."""
    return {"type": ["string", "null"], "pattern": regex}


def one_of(words: Iterable[str]) -> Schema:
    """One of these texts."""
    return {"enum": [*words, None]}


def array(items: Schema) -> Schema:
    """A list."""
    return {"type": ["array", "null"], "items": items}


def mapping(values: Schema) -> Schema:
    """A map with keys of any name."""
    return {"type": ["object", "null"], "additionalProperties": values}


class Definitions:
    """The structs that a document refers to, each described once."""

    def __init__(self) -> None:
        self.found: dict[str, Schema] = {}

    def refer(self, codec: StructOf) -> Schema:
        """A reference to a struct's schema."""
        name = _name(codec.cls)
        if name not in self.found:
            # A route has routes: the name is taken before the inside is looked at.
            self.found[name] = {}
            self.found[name] = self._struct(codec)
        return {"$ref": f"#/$defs/{name}"}

    def _struct(self, codec: StructOf) -> Schema:
        cls = codec.cls
        about, of_keys = _documented(cls)
        defaults = {
            field.name: field.default
            for field in dataclasses.fields(cls)  # type: ignore[arg-type]
        }
        properties: dict[str, Schema] = {}
        for key, (attribute, field_codec, _) in codec.fields.items():
            described = dict(field_codec.schema(self))
            if attribute in of_keys:
                described["description"] = of_keys[attribute]
            described |= _default(field_codec, defaults[attribute])
            properties[key] = described
        found: Schema = {
            "type": ["object", "null"],
            "description": about,
            "properties": properties,
            "additionalProperties": False,
        }
        return found | needs(cls)


def document(codec: StructOf, title: str) -> Schema:
    """The whole schema of a file whose root the codec reads."""
    definitions = Definitions()
    root = codec.schema(definitions)
    return {"$schema": DIALECT, "title": title, **root, "$defs": definitions.found}


def needs(cls: type[Struct]) -> Schema:
    """The keys that must be there, and those of which one must be."""
    found: Schema = {}
    required = [need for need in cls.NEEDS if isinstance(need, str)]
    if required:
        found["required"] = required
    choices = [need for need in cls.NEEDS if not isinstance(need, str)]
    if choices:
        found["allOf"] = [{"anyOf": [{"required": [key]} for key in keys]} for keys in choices]
    return found


def _default(codec: Codec, value: Any) -> Schema:
    """What an absent key means, where that says something."""
    if value is dataclasses.MISSING or value is None or isinstance(value, Secret):
        return {}
    if codec.empty(value) and not isinstance(value, bool):
        return {}
    shown = codec.dump(value)
    return {"default": shown} if isinstance(shown, bool | int | float | str) else {}


def _name(cls: type[Struct]) -> str:
    """`slack_field` for the struct Field of the integration, `http_config` for HttpConfig."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
    package, _, module = cls.__module__.rpartition(".")
    if not package.endswith(".receivers"):
        return words
    return module if words == "config" else f"{module}_{words}"


def _documented(cls: type[Struct]) -> tuple[str, dict[str, str]]:
    """The first paragraph of a docstring, and what its `Attributes:` say of each."""
    text, _, attributes = (inspect.getdoc(cls) or "").partition("\nAttributes:\n")
    found: dict[str, str] = {}
    name = ""
    for line in attributes.splitlines():
        match = re.match(r" {4}(\w+): (.*)", line)
        if match:
            name = match[1]
            found[name] = match[2]
        elif name and line.strip():
            found[name] += f" {line.strip()}"
    return " ".join(text.partition("\n\n")[0].split()), found
