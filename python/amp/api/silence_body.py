"""Reads the body of a POSTed silence with upstream's verdicts and texts.

Upstream: api/v2/models PostableSilence, go-openapi validation; Go encoding/json.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from amp.api.answer import Refusal, runtime_error
from amp.api.times import ZERO_NS, instant_ns
from amp.store.silence import Silence

if TYPE_CHECKING:
    from collections.abc import Callable

    from amp.store.silence import MatcherText

JsonObject = dict[str, object]

FIELDS = {
    "id": "string",
    "annotations": "models.LabelSet",
    "comment": "string",
    "createdBy": "string",
    "endsAt": "string",
    "matchers": "models.Matchers",
    "startsAt": "string",
}
MATCHER_FIELDS = {"isEqual": "bool", "isRegex": "bool", "name": "string", "value": "string"}
REQUIRED = ("comment", "createdBy", "endsAt", "matchers", "startsAt")
MATCHER_REQUIRED = ("isRegex", "name", "value")
_OPERATORS = {
    (True, False): "=",
    (False, False): "!=",
    (True, True): "=~",
    (False, True): "!~",
}


def read_silence(body: bytes) -> Silence:
    """The silence of a request body; not yet checked for what the store refuses.

    Raises:
        Refusal: 400 for bad JSON or types, 422 for what the schema misses.
    """
    if not body:
        raise _required("silence")
    given = _decoded(body)
    if given is None:
        given = {}
    if not isinstance(given, dict):
        into = 'struct { ID string "json:\\"id,omitempty\\"" }'
        raise _mistyped(given, f"value of type {into}")
    fields = _fields(given, FIELDS, lambda name: f"struct field Silence.{name}")
    starts_at_ns = _instant(fields.get("startsAt"))
    ends_at_ns = _instant(fields.get("endsAt"))
    raw = fields.get("matchers")
    matchers = [_matcher_fields(item) for item in raw] if isinstance(raw, list) else None
    for name in REQUIRED:
        if fields.get(name) is None:
            raise _required(name)
        if name == "matchers":
            _check_matchers(matchers or [])
    return Silence(
        id=str(fields.get("id") or ""),
        matcher_sets=(tuple(_matcher(matcher) for matcher in matchers or ()),),
        starts_at_ns=starts_at_ns,
        ends_at_ns=ends_at_ns,
        created_by=str(fields["createdBy"]),
        comment=str(fields["comment"]),
        annotations=_annotations(fields.get("annotations")),
    )


def _decoded(body: bytes) -> object:
    """The first JSON value; what follows it is ignored, as upstream does."""
    text = body.decode("utf-8", "replace").lstrip(" \t\r\n")
    try:
        value: object = json.JSONDecoder(strict=True).raw_decode(text)[0]
    except json.JSONDecodeError as error:
        raise _unreadable(_problem(text, error)) from None
    except RecursionError:
        raise _unreadable("exceeded max depth") from None
    return value


def _problem(text: str, error: json.JSONDecodeError) -> str:
    """What is wrong with a JSON text, in Go's words where one character is to blame."""
    if error.pos >= len(text):
        return "unexpected EOF" if text else "EOF"
    return f"invalid character {_quoted(text[error.pos])} {_PLACES.get(error.msg, error.msg)}"


_KEY = "looking for beginning of object key string"
_PLACES = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name enclosed in double quotes": _KEY,
    "Expecting ':' delimiter": "after object key",
    "Expecting ',' delimiter": "after array element",
    "Invalid control character at": "in string literal",
    "Invalid \\escape": "in string escape code",
}


def _quoted(char: str) -> str:
    if char == "'":
        return "'\\''"
    return repr(char) if char != '"' else "'\"'"


def _fields(given: JsonObject, types: dict[str, str], place: Callable[[str], str]) -> JsonObject:
    """The known properties, found whatever their case; unknown ones are ignored."""
    known = {name.lower(): name for name in types}
    found: JsonObject = {}
    for key, value in given.items():
        name = known.get(key.lower())
        if name is None:
            continue
        if not _fits(value, types[name]):
            raise _mistyped(value, f"{place(name)} of type {types[name]}")
        if value is not None or name not in found:
            found[name] = value
    return found


def _fits(value: object, kind: str) -> bool:
    if value is None:
        return True
    wanted = {"string": str, "bool": bool, "models.Matchers": list}.get(kind, dict)
    return isinstance(value, wanted)


def _matcher_fields(item: object) -> JsonObject:
    if item is None:
        raise Refusal(runtime_error(400, 400, "matchers in body must not hold null"))
    if not isinstance(item, dict):
        raise _mistyped(item, "struct field Silence.matchers of type models.Matcher")
    return _fields(item, MATCHER_FIELDS, lambda name: f"struct field Matcher.matchers.{name}")


def _check_matchers(matchers: list[JsonObject]) -> None:
    if not matchers:
        text = "matchers in body should have at least 1 items"
        raise Refusal(runtime_error(422, 612, text))
    for index, matcher in enumerate(matchers):
        for name in MATCHER_REQUIRED:
            if matcher.get(name) is None:
                raise _required(f"matchers.{index}.{name}")


def _matcher(fields: JsonObject) -> MatcherText:
    equal = fields.get("isEqual")
    operator = _OPERATORS[(equal is None or equal is True, fields["isRegex"] is True)]
    return str(fields["name"]), operator, str(fields["value"])


def _annotations(given: object) -> dict[str, str]:
    if not isinstance(given, dict):
        return {}
    for value in given.values():
        if not isinstance(value, str | None):
            raise _mistyped(value, "struct field Silence.annotations of type string")
    return {str(key): value or "" for key, value in given.items()}


def _instant(value: object) -> int:
    if value is None:
        return ZERO_NS
    try:
        return instant_ns(str(value))
    except ValueError:
        text = f'parsing time "{value}" as "2006-01-02": cannot parse "{value}" as "2006"'
        raise _unreadable(text) from None


def _required(name: str) -> Refusal:
    return Refusal(runtime_error(422, 602, f"{name} in body is required"))


def _unreadable(cause: str) -> Refusal:
    return Refusal(runtime_error(400, 400, f'parsing silence body from "" failed, because {cause}'))


def _mistyped(value: object, place: str) -> Refusal:
    kind = {bool: "bool", int: "number", float: "number", str: "string", list: "array"}.get(
        type(value), "object"
    )
    return _unreadable(f"json: cannot unmarshal {kind} into Go {place}")
