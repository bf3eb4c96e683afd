"""The OpenAPI document: well formed, complete, and true of what endpoints take and answer."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from amp.api.describe import deliveries, history, operations
from amp.api.describe.parts import refer
from amp.api.openapi import PATH, document
from amp.api.report import FILTERS as REPORT_FILTERS
from amp.api.stream import PATH as STREAM
from amp.query.deliveries import FILTERS as DELIVERY_FILTERS
from amp.query.filters import EPISODE_FILTERS, PAGING, SERIES_FILTERS, WINDOW
from doorway import doorway

if TYPE_CHECKING:
    from collections.abc import Iterator

UPSTREAMS = re.compile(
    "/|/favicon.ico|/metrics|/-/.*|/api/v1/.*|/silence/:sid|/api/v2/(status|receivers|alerts.*|silence.*)"
)
"""What Alertmanager has, too, or what is no interface."""

METHODS = {"get", "post", "head"}
OPERATION = {
    "type": "object",
    "required": ["operationId", "tags", "responses"],
    "additionalProperties": False,
    "properties": {
        "operationId": {"type": "string", "pattern": "^[a-z][A-Za-z0-9]+$"},
        "summary": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "parameters": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "in", "schema", "description"],
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string"},
                    "in": {"enum": ["query", "path", "header"]},
                    "description": {"type": "string"},
                    "required": {"const": True},
                    "schema": {"type": "object"},
                    "style": {"enum": ["form", "deepObject"]},
                    "explode": {"type": "boolean"},
                },
            },
        },
        "requestBody": {
            "type": "object",
            "required": ["required", "content"],
            "additionalProperties": False,
            "properties": {"required": {"type": "boolean"}, "content": {"$ref": "#/$defs/content"}},
        },
        "responses": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": False,
            "patternProperties": {
                "^[1-5][0-9]{2}$": {
                    "type": "object",
                    "required": ["description"],
                    "additionalProperties": False,
                    "properties": {
                        "description": {"type": "string"},
                        "headers": {"type": "object"},
                        "content": {"$ref": "#/$defs/content"},
                    },
                }
            },
        },
    },
}
STRUCTURE = {
    "type": "object",
    "required": ["openapi", "info", "paths", "components"],
    "additionalProperties": False,
    "properties": {
        "openapi": {"const": "3.1.0"},
        "info": {
            "type": "object",
            "required": ["title", "version"],
            "additionalProperties": False,
            "properties": {
                **{name: {"type": "string"} for name in ("title", "version", "summary")},
                "description": {"type": "string"},
                "license": {"type": "object", "required": ["name"]},
            },
        },
        "servers": {"type": "array", "items": {"type": "object", "required": ["url"]}},
        "paths": {
            "type": "object",
            "additionalProperties": False,
            "patternProperties": {
                "^/": {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": False,
                    "properties": dict.fromkeys(METHODS, OPERATION),
                }
            },
        },
        "components": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"schemas": {"type": "object"}},
        },
    },
    "$defs": {
        "content": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "required": ["schema"],
                "additionalProperties": False,
                "properties": {"schema": {"type": "object"}},
            },
        }
    },
}


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    return json.loads(json.dumps(document("/", "1.2.3")))  # type: ignore[no-any-return]


def operations_of(shown: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in shown["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def schemas_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every schema, wherever it stands."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "schema":
                yield inner
            else:
                yield from schemas_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from schemas_in(inner)


def check(shown: dict[str, Any], name: str, value: object) -> None:
    """Whether a value is what a schema of the document says."""
    schema = {**refer(name), "components": shown["components"]}
    problem = best_match(Draft202012Validator(schema).iter_errors(value))
    assert problem is None, problem


def test_its_structure(shown: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(STRUCTURE)
    problem = best_match(Draft202012Validator(STRUCTURE).iter_errors(shown))
    assert problem is None, problem
    names = [operation["operationId"] for _, _, operation in operations_of(shown)]
    assert len(names) == len(set(names))


def test_its_schemas(shown: dict[str, Any]) -> None:
    known = shown["components"]["schemas"]
    for schema in [*known.values(), *schemas_in(shown["paths"])]:
        Draft202012Validator.check_schema(schema)
        for target in re.findall(r'"\$ref": "([^"]*)"', json.dumps(schema)):
            assert target.removeprefix("#/components/schemas/") in known


def test_parameters_of_paths(shown: dict[str, Any]) -> None:
    for path, _, operation in operations_of(shown):
        given = operation.get("parameters", [])
        in_path = [one["name"] for one in given if one["in"] == "path"]
        assert in_path == re.findall(r"{(\w+)}", path), path
        names = [(one["in"], one["name"]) for one in given]
        assert len(names) == len(set(names)), path


async def test_every_endpoint_of_ours_and_no_other(shown: dict[str, Any]) -> None:
    async with doorway() as door:
        routes = [
            *door.gate._routes.items(),
            *((route.label, route) for _, route in door.gate._patterns),
        ]
        served = {
            (path, method.lower())
            for path, route in routes
            if not UPSTREAMS.fullmatch(path)
            for method in route.methods
        }
    described = {(path, method) for path, method, _ in operations_of(shown)}
    # Without a journal there is no stream.
    assert described == served | {(STREAM, "get")}


def test_parameters_are_those_that_are_read() -> None:
    labels = {"label"}
    assert set(history.LIST) == EPISODE_FILTERS | PAGING | {"format"} | labels
    assert set(history.TOP) == SERIES_FILTERS | WINDOW | {"limit", "by"} | labels
    assert set(history.FLAPPING) == SERIES_FILTERS | WINDOW | {"limit", "min_score"} | labels
    assert set(history.REPORT) == REPORT_FILTERS
    names = {one["name"] for one in deliveries.PARAMETERS}
    assert names == DELIVERY_FILTERS | {"limit", "cursor"}
    assert [one["name"] for one in operations.STREAM_PARAMETERS[:3]] == ["kinds", "filter", "after"]


async def test_answers_are_as_described(shown: dict[str, Any]) -> None:
    labels = {"alertname": "A"}
    message = {"version": "4", "alerts": [{"status": "firing", "labels": labels}, {"labels": {}}]}
    check(shown, "WebhookMessage", {**message, "alerts": message["alerts"][:1]})
    async with doorway() as door:
        for path, name in (("/webhook", "WebhookTaken"), ("/webhook/proxy", "WebhookProxied")):
            check(shown, name, (await door.post(path, message)).json())
            bad = await door.post(path, {"version": "4", "alerts": [{}]})
            check(shown, name, bad.json())
            check(shown, "Error", (await door.post(path, {})).json())
        check(shown, "Health", (await door.get("/health")).json())
        check(shown, "Readiness", (await door.get("/ready")).json())
        for path in ("/history", "/api/amp/v1/deliveries", "/report", "/api/amp/v1/deliveries/1"):
            check(shown, "Error", (await door.get(path)).json())


async def test_inhibition_is_as_described(shown: dict[str, Any]) -> None:
    rule = {"source_matchers": ["a=b"], "target_matchers": ["c=d"]}
    config = {"route": {"receiver": "r"}, "receivers": [{"name": "r"}], "inhibit_rules": [rule]}
    async with doorway(json.dumps(config)) as door:
        await door.post("/api/v2/alerts", [{"labels": {"a": "b"}}, {"labels": {"c": "d"}}])
        base = "/api/v2/inhibition"
        for path, method, said in (
            (f"{base}/rules", "get", await door.get(f"{base}/rules")),
            (f"{base}/status", "get", await door.get(f"{base}/status")),
            (f"{base}/check", "post", await door.post(f"{base}/check", {"labels": {"c": "d"}})),
        ):
            told = shown["paths"][path][method]["responses"]["200"]["content"]["application/json"]
            problem = best_match(Draft202012Validator(told["schema"]).iter_errors(said.json()))
            assert problem is None, problem
            assert said.json()


async def test_it_is_served_below_the_prefix() -> None:
    async with doorway() as door:
        said = await door.get(PATH)
        assert said.status == 200
        assert said.json()["servers"] == [{"url": "/"}]
    assert document("/alerts", "1")["servers"] == [{"url": "/alerts"}]
