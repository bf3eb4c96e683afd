"""Pieces of OpenAPI that many endpoints need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Json = dict[str, Any]
Paths = dict[str, Json]

TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "number"}
WHOLE: Json = {"type": "integer"}
YES_OR_NO: Json = {"type": "boolean"}
INSTANT: Json = {"type": "string", "format": "date-time"}
LABELS: Json = {"type": "object", "additionalProperties": TEXT}
FINGERPRINT: Json = {"type": "string", "pattern": "^[0-9a-f]{16}$"}
MAYBE_WHOLE: Json = {"type": ["integer", "null"]}
MAYBE_TEXT: Json = {"type": ["string", "null"]}
MAYBE_INSTANT: Json = {"type": ["string", "null"], "format": "date-time"}


def record(properties: Mapping[str, Json], *, optional: Iterable[str] = ()) -> Json:
    """An object; every property but the optional ones is always there."""
    left_out = frozenset(optional)
    required = [name for name in properties if name not in left_out]
    return {"type": "object", "properties": dict(properties), "required": required}


def array(items: Json) -> Json:
    """A list."""
    return {"type": "array", "items": items}


def word(*words: str) -> Json:
    """One of these texts."""
    return {"type": "string", "enum": list(words)}


def refer(name: str) -> Json:
    """One of the document's schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def query(name: str, schema: Json, about: str, *, many: bool = False) -> Json:
    """A query parameter; `many`: it may be repeated."""
    return {
        "name": name,
        "in": "query",
        "description": about,
        "schema": array(schema) if many else schema,
        **({"style": "form", "explode": True} if many else {}),
    }


def in_path(name: str, schema: Json, about: str) -> Json:
    """A part of the path."""
    return {"name": name, "in": "path", "required": True, "description": about, "schema": schema}


def answer(about: str, schema: Json, *, headers: Mapping[str, Json] | None = None) -> Json:
    """A JSON answer."""
    found: Json = {"description": about, "content": {"application/json": {"schema": schema}}}
    if headers:
        found["headers"] = {name: {"schema": schema} for name, schema in headers.items()}
    return found


def errors(**abouts: str) -> Json:
    """Answers `{"error": …}`: `_404="why"`."""
    return {
        status.removeprefix("_"): answer(about, refer("Error")) for status, about in abouts.items()
    }


def busy(about: str) -> Json:
    """The answer 429."""
    return {"429": answer(about, refer("Error"), headers={"Retry-After": WHOLE})}


def get(
    name: str, about: str, responses: Json, parameters: Iterable[Json] = (), *, tag: str
) -> Json:
    """A GET."""
    found: Json = {"operationId": name, "summary": about, "tags": [tag], "responses": responses}
    given = list(parameters)
    return found | ({"parameters": given} if given else {})


def post(
    name: str, about: str, responses: Json, body: Json | None = None, *, tag: str, **more: Any
) -> Json:
    """A POST of JSON."""
    found: Json = {"operationId": name, "summary": about, "tags": [tag], "responses": responses}
    if body is not None:
        content = {"application/json": {"schema": body}}
        found["requestBody"] = {"required": True, "content": content}
    return found | more


ERROR = record({"error": TEXT, "parameter": TEXT}, optional=("parameter",))
"""An error of our own endpoints."""
