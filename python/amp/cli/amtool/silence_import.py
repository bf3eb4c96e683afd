"""`amtool silence import` (Upstream: cli/silence_import.go)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from amp.cli.amtool import json_text
from amp.cli.amtool.invocation import ToolError
from amp.cli.amtool.model import POSTABLE_SILENCE
from amp.errors import AmpError

if TYPE_CHECKING:
    from amp.cli.amtool.api import Api
    from amp.cli.amtool.invocation import Invocation


def import_silences(invocation: Invocation) -> None:
    """Posts the silences of a JSON array; shows the identifiers of those that were taken."""
    values = invocation.values
    silences, fault = _read(_text(invocation, values.text("input-file")))
    if values.given("force"):
        for silence in silences:
            silence.pop("id", None)

    async def post(api: Api) -> int:
        waiting = list(reversed(silences))
        count = min(int(values.number("worker")), len(silences))
        workers = [_worker(invocation, api, waiting) for _ in range(count)]
        return sum(await asyncio.gather(*workers))

    failed = invocation.ask(post)
    if fault is not None:
        raise fault
    if failed:
        raise ToolError(f"couldn't import {failed} out of {len(silences)} silences")


def _text(invocation: Invocation, file: str) -> str:
    if not file:
        return invocation.stdin.read().decode(errors="replace")
    try:
        with open(file, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError as error:
        raise ToolError(f"open {file}: {(error.strerror or '').lower()}") from None


def _read(text: str) -> tuple[list[dict[str, Any]], ToolError | None]:
    """The silences of an array, and what ended it before its end; those before are imported.

    Raises:
        ToolError: for a text that does not even begin as JSON.
    """
    silences: list[dict[str, Any]] = []
    at = _begin(text)
    try:
        while (at := json_text.after_blanks(text, at)) < len(text) and text[at] not in "]}":
            if silences and text[at] == ",":
                at += 1
            value, at = json_text.decode_from(text, at)
            silences.append(POSTABLE_SILENCE.read(value) or POSTABLE_SILENCE.read({}))
    except ToolError as error:
        return silences, _unreadable(error)
    return silences, None


def _begin(text: str) -> int:
    """Behind the first bracket, or behind the one value that stands instead."""
    at = json_text.after_blanks(text, 0)
    if text[at : at + 1] in ("[", "{"):
        return at + 1
    try:
        return json_text.decode_from(text, at)[1]
    except ToolError as error:
        raise _unreadable(error) from None


def _unreadable(error: ToolError) -> ToolError:
    return ToolError(f"couldn't unmarshal input data, is it JSON?: {error}")


async def _worker(invocation: Invocation, api: Api, waiting: list[dict[str, Any]]) -> int:
    """Posts silences until none waits; how many were not taken."""
    failed = 0
    while waiting:
        silence = waiting.pop()
        try:
            silence_id = await _post(api, silence)
        except AmpError as error:
            failed += 1
            invocation.warn(f"Error adding silence id='{silence.get('id', '')}': {error}")
        else:
            invocation.write(f"{silence_id}\n")
    return failed


async def _post(api: Api, silence: dict[str, Any]) -> str:
    """The identifier of a posted silence, which is a new one when the server does not know it."""
    from amp.cli.amtool.api import POST_SILENCES, Refused

    try:
        posted = await api.call(POST_SILENCES, body=silence)
    except Refused as error:
        if error.status != 404:
            raise
        anew = {key: value for key, value in silence.items() if key != "id"}
        posted = await api.call(POST_SILENCES, body=anew)
    return str((posted or {}).get("silenceID", ""))
