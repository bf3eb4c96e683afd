"""What the check takes for a template is what the integrations render, asked of each of them."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from amp._core import Engine, Templates
from amp.cli.check.blocks import Block
from amp.cli.check.texts import texts_of
from amp.errors import SendError
from amp.fields.codec import (
    Anything,
    HttpUrl,
    ListOf,
    MapOf,
    SecretText,
    SecretUrl,
    Text,
)
from amp.fields.secret import Secret
from amp.fields.struct import Struct, StructOf
from amp.fields.template_url import TemplateUrl
from amp.httpclient.response import Response
from amp.receivers import INTEGRATIONS, OWN_INTEGRATIONS, config_class, sender
from amp.receivers.base import Notification
from amp.receivers.sigv4 import SigV4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amp._core import Batch
    from amp.fields.decode import Codec
    from amp.fields.http import HttpConfig

TEMPLATE = "{{ .Nope }}"
# Mail speaks to its server before it renders.
KINDS = [kind for kind in (*INTEGRATIONS, *OWN_INTEGRATIONS) if kind != "email"]
TEMPLATES = Templates([])


@dataclasses.dataclass
class Lines:
    """A log that keeps its lines."""

    kept: list[object]
    debugging: bool = False

    def bind(self, **_: object) -> Lines:
        return self

    def warn(self, *words: object, **about: object) -> None:
        self.kept.append((words, about))

    debug = info = error = warn


class Agreeing:
    """A client of services that say yes to everything."""

    environment: dict[str, str] = {}  # noqa: RUF012

    def derived(self, _: HttpConfig) -> Agreeing:
        return self

    async def request(self, *_: object, **__: object) -> Response:
        answer = {"ok": True, "access_token": "t", "errcode": 0, "issues": []}
        return Response(200, "OK", "", "application/json", json.dumps(answer).encode())


@pytest.fixture(scope="module")
def batch() -> Batch:
    """One firing alert."""
    now_ns = time.time_ns()
    route = {"receiver": "r", "matchers": [], "continue": False, "group_by": [], "labels": {}}
    route |= {"mute_time_intervals": [], "active_time_intervals": [], "routes": []}
    plan = {"mode": "fallback", "route": route, "inhibit_rules": []}
    engine = Engine()
    engine.configure(json.dumps(plan).encode(), TEMPLATES, now_ns)
    alert = [{"labels": {"alertname": "a"}}]
    [timer] = engine.ingest(json.dumps(alert).encode(), now_ns, 300 * 10**9).timers
    [found] = engine.flush([timer[0]], now_ns + 1)
    assert found is not None
    return found


def filled(cls: type[Struct], **more: object) -> Any:
    """A struct that nothing is missing in."""
    values: dict[str, object] = {}
    for key, (attribute, codec, _) in StructOf(cls).fields.items():
        if key.endswith("_file"):
            continue
        if isinstance(codec, SecretUrl | TemplateUrl):
            values[attribute] = Secret("http://h/")
        elif isinstance(codec, SecretText):
            values[attribute] = Secret("s")
        elif isinstance(codec, HttpUrl):
            values[attribute] = "http://h/"
        elif isinstance(codec, Text) and cls.__name__ != "Config":
            values[attribute] = "x"
    return cls(**(values | more))


def templated(codec: Codec) -> Iterator[Any]:
    """Values with the template in one place, each place once."""
    if isinstance(codec, Text | HttpUrl):
        yield TEMPLATE
    elif isinstance(codec, SecretText | SecretUrl | TemplateUrl):
        yield Secret(TEMPLATE)
    elif isinstance(codec, Anything):
        yield {"a": [TEMPLATE]}
        yield {TEMPLATE: "x"}
    elif isinstance(codec, ListOf):
        yield from ((value,) for value in templated(codec.item))
    elif isinstance(codec, MapOf):
        yield from ({"x": value} for value in templated(codec.item))
        if isinstance(codec.item, Text):
            yield {TEMPLATE: "x"}
    elif isinstance(codec, StructOf):
        base = filled(codec.cls)
        for attribute, item, _ in codec.fields.values():
            yield from (
                dataclasses.replace(base, **{attribute: value}) for value in templated(item)
            )


def configs(kind: str) -> Iterator[Any]:
    """Blocks of a type that differ in where the template stands."""
    cls = config_class(kind)
    more: dict[str, object] = {}
    if kind == "pagerduty":
        more["service_key"] = Secret()  # with one, the first version of its API is spoken
    if kind == "sns":
        more["sigv4"] = SigV4(region="r", access_key="a", secret_key=Secret("s"))
        more["topic_arn"] = "arn:aws:sns:r:1:t"
    if kind == "slack":
        more["app_token"] = Secret()
    base = filled(cls, **more)
    for key, (attribute, codec, _) in StructOf(cls).fields.items():
        if key not in ("http_config", "sigv4") and not key.endswith("_file"):
            for value in templated(codec):
                yield key, dataclasses.replace(base, **{attribute: value})


async def renders(kind: str, config: Any, batch: Batch) -> bool:
    """Whether the integration renders the template, which fails."""
    lines = Lines([])
    notification = Notification(
        batch=batch,
        receiver="r",
        group_key="k",
        reason="first notification",
        external_url="http://x",
        now_ns=1,
        templates=TEMPLATES,
        log=lines,  # type: ignore[arg-type]
    )
    try:
        await sender(kind)(config, Agreeing())(notification)  # type: ignore[arg-type]
    except SendError as error:
        return "Nope" in f"{error}{lines.kept}"
    return "Nope" in str(lines.kept)


@pytest.mark.parametrize("kind", KINDS)
async def test_templates_are_what_the_integration_renders(kind: str, batch: Batch) -> None:
    wrong = []
    for key, config in configs(kind):
        texts = texts_of(Block("r", kind, config, None, "k"))
        taken = any(text.template == TEMPLATE and not text.literal for text in texts)
        if await renders(kind, config, batch) is not taken:
            wrong.append((key, taken))
    assert wrong == []
