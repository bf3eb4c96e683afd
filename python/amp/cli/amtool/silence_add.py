"""`amtool silence add` (Upstream: cli/silence_add.go)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from amp.cli.amtool.given_time import given_time
from amp.cli.amtool.invocation import ToolError
from amp.cli.amtool.moment import Moment
from amp.cli.amtool.silence_times import after, check_order

if TYPE_CHECKING:
    from amp._core import Matcher
    from amp.cli.amtool.api import Api
    from amp.cli.amtool.invocation import Invocation


def add_silence(invocation: Invocation) -> None:
    """Posts one silence and shows its identifier."""
    values = invocation.values
    matchers = invocation.matchers(invocation.with_alertname(values.texts("matcher-groups")))
    if not matchers:
        raise ToolError("no matchers specified")
    start = given_time(values.text("start")) if values.text("start") else Moment.at(time.time_ns())
    if values.text("end"):
        end = given_time(values.text("end"))
    else:
        end = after(start, values.text("duration"))
    check_order(start, end)
    if values.given("require-comment") and not values.text("comment"):
        raise ToolError("comment required by config")
    annotations = invocation.pairs(
        values.texts("annotation"), "annotations must be specified as key=value pairs"
    )
    silence: dict[str, object] = {"annotations": annotations} if annotations else {}
    silence |= {
        "comment": values.text("comment"),
        "createdBy": values.text("author"),
        "endsAt": end,
        "matchers": [_posted(matcher) for matcher in matchers],
        "startsAt": start,
    }

    async def post(api: Api) -> str:
        from amp.cli.amtool.api import POST_SILENCES

        posted = await api.call(POST_SILENCES, body=silence)
        return str((posted or {}).get("silenceID", ""))

    invocation.write(f"{invocation.ask(post)}\n")


def _posted(matcher: Matcher) -> dict[str, object]:
    return {
        "isEqual": matcher.op in ("=", "=~"),
        "isRegex": matcher.op in ("=~", "!~"),
        "name": matcher.name,
        "value": matcher.value,
    }
