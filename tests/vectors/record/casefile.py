"""Reads the case files of configurations: a name, a wrapper and the text that matters.

A file is a list of `=== name | wrapper` headers, each followed by its body. `covers:` between
cases names the rules that the following cases hold. A third part of the header tells where and why
we deliberately differ. The wrapper puts the body in its place:

file        the body is the whole configuration
json        the body is a JSON string with the whole configuration (for unprintable characters)
tail        appended to a small valid configuration
global      the `global` block of a small valid configuration
root        the root route (receivers r and s, intervals day and night exist)
route       the only child of a valid root route
rule        the only inhibit rule
interval    the only entry of a named interval
http        the http_config of a webhook
receiver X  the only entry of `X_configs`
inherit X   `global` block, a line `~~~`, the only entry of `X_configs`

`--- name` inside a body begins a file beside the configuration.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SMALL = "route: {receiver: r}\nreceivers: [{name: r}]\n"
AROUND_ROUTES = """receivers: [{name: r}, {name: s}]
time_intervals:
- {name: day, time_intervals: [{times: [{start_time: '08:00', end_time: '20:00'}]}]}
- {name: night, time_intervals: [{times: [{start_time: '20:00', end_time: '24:00'}]}]}
"""
WEBHOOK = "route: {receiver: r}\nreceivers:\n- name: r\n  webhook_configs:\n  - url: http://h/\n"


@dataclass(frozen=True)
class Case:
    """One configuration with the files beside it."""

    name: str
    covers: str
    text: str
    files: dict[str, str]
    differs: str | None = None


def read(path: Path) -> list[Case]:
    """All cases of one file, in order."""
    cases: list[Case] = []
    covers = ""
    header: str | None = None
    body: list[str] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), "covers:"]:
        if line.startswith(("=== ", "covers:")):
            if header is not None:
                cases.append(case(header, covers, body))
                header, body = None, []
            if line.startswith("=== "):
                header = line[4:]
            else:
                covers = line.removeprefix("covers:").strip()
        else:
            body.append(line)
    return cases


def case(header: str, covers: str, lines: list[str]) -> Case:
    """Builds one case from its header and body."""
    name, wrapper, *differs = (part.strip() for part in header.split(" | "))
    files: dict[str, list[str]] = {}
    text: list[str] = []
    into = text
    for line in lines:
        if line.startswith("--- "):
            into = files.setdefault(line[4:], [])
        else:
            into.append(line)
    kind, _, argument = wrapper.partition(" ")
    beside = {file: "\n".join(content) + "\n" for file, content in files.items()}
    whole = wrap(kind, argument, text)
    return Case(name, covers, whole, beside, differs[0] if differs else None)


def wrap(kind: str, argument: str, body: list[str]) -> str:
    """The whole configuration text around a body."""
    whole = "\n".join(body) + "\n"
    match kind:
        case "file":
            return whole
        case "json":
            return str(json.loads(whole))
        case "tail":
            return SMALL + whole
        case "global":
            return "global:\n" + indent(body, 2) + SMALL
        case "root":
            return "route:\n" + indent(body, 2) + AROUND_ROUTES
        case "route":
            return "route:\n  receiver: r\n  routes:\n" + item(body, 2) + AROUND_ROUTES
        case "rule":
            return SMALL + "inhibit_rules:\n" + item(body, 0)
        case "interval":
            return SMALL + "time_intervals:\n- name: t\n  time_intervals:\n" + item(body, 2)
        case "http":
            return WEBHOOK + "    http_config:\n" + indent(body, 6)
        case "receiver":
            return integration(argument, body)
        case "inherit":
            at = body.index("~~~")
            return "global:\n" + indent(body[:at], 2) + integration(argument, body[at + 1 :])
    raise ValueError(f"unknown wrapper {kind}")


def integration(name: str, body: list[str]) -> str:
    """A configuration whose only receiver has one integration."""
    head = f"route: {{receiver: r}}\nreceivers:\n- name: r\n  {name}_configs:\n"
    return head + item(body, 2)


def indent(body: list[str], depth: int) -> str:
    """The lines moved to the right."""
    return "".join(f"{' ' * depth}{line}\n" for line in body)


def item(body: list[str], depth: int) -> str:
    """The lines as one list entry."""
    first = f"{' ' * depth}- {body[0]}\n"
    return first + indent(body[1:], depth + 2)
